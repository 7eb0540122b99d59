//! What a store knows of its consumers.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Needs;
use crate::number::Position;

/// One generation of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// Its name.
    pub name: Arc<str>,
    /// The persisted name of its kind.
    pub kind: Arc<str>,
    /// The version of the declaration that it runs.
    pub version: u32,
    /// The generation.
    pub generation: u32,
    /// Whether it is live, or being built to replace the live one.
    pub live: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// When the generation was made, by the store's clock.
    pub created_at: OffsetDateTime,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionRecord>,
    /// How many events could not be handled.
    pub failed: u64,
    /// How many wait behind others of their stream.
    pub waiting: u64,
    /// How many have failed and are tried again by themselves.
    pub retrying: u64,
    /// Why it has paused itself.
    pub pause_reason: Option<Arc<str>>,
    /// Why a generation that is being built may replace the live one although events failed.
    pub replace_anyway: Option<Arc<str>>,
    /// The names that it had before, in their order. The ids and keys of a reactor's effects are
    /// drawn from the first.
    pub former_names: Vec<Arc<str>>,
}

impl ConsumerRecord {
    /// The name that it had when the store first knew it.
    #[must_use]
    pub fn first_name(&self) -> &Arc<str> {
        self.former_names.first().unwrap_or(&self.name)
    }

    /// Whether it had this name before, and has another one now.
    #[must_use]
    pub fn was_named(&self, name: &str) -> bool {
        *self.name != *name && self.former_names.iter().any(|former| **former == *name)
    }
}

/// One partition of a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    /// Its number, from 0.
    pub partition: u16,
    /// Its checkpoint: everything up to here is done, or parked.
    pub position: Position,
    /// How often its lease has changed hands.
    pub epoch: u64,
    /// Who runs it, if anybody does.
    pub worker: Option<Uuid>,
    /// What its next event needs, or what one that is done has needed; `None`: every worker could do all.
    pub needs: Option<Needs>,
    /// The first event after its checkpoint, wanted or not, was recorded then; `None`: there is none. By the store's clock.
    pub next_recorded_at: Option<OffsetDateTime>,
}

impl PartitionRecord {
    /// What is to be read to do the next event, when a worker has met one that it could not.
    #[must_use]
    pub fn blocked(&self) -> Option<&Needs> {
        self.needs.as_ref().filter(|needs| self.position < needs.position)
    }
}
