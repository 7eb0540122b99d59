//! Whether a new consumer of a store with events says where it starts.

use crate::number::Position;
use crate::store::{ConsumerSpec, ConsumerStore, FeedQuery, StoreError};

/// Whether the store has events.
#[derive(Default)]
pub(super) struct History {
    found: Option<bool>,
}

impl History {
    /// Refuses a consumer that acts on what it reads, is new, and does not say with which event it begins.
    pub(super) async fn refuse<S: ConsumerStore>(
        &mut self,
        store: &S,
        spec: &ConsumerSpec,
    ) -> Result<(), StoreError> {
        let found = match self.found {
            Some(found) => found,
            None => !store.read_feed(FeedQuery::after(Position::ZERO).limit(1)).await?.events.is_empty(),
        };
        self.found = Some(found);
        if !found {
            return Ok(());
        }
        let (kind, name) = (spec.kind.as_str(), &spec.name);
        let call = spec.kind.start_call();
        Err(StoreError::Unsuitable(format!(
            "the {kind} `{name}` is new to this store, which has events: say where it starts. For events from now on: `.{call}`; \
             `Start::At(time)` for events since a time, `Start::Beginning` for all of them. \
             If it had another name before: `renamed_from = \"…\"`"
        )))
    }
}
