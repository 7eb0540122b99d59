//! What these tests follow: shelves on which things are put and taken from.

use std::time::Duration;

use time::macros::datetime;

use crate::prelude::*;
use crate::store::{Append, EventStore, Expect, NewEvent};
use crate::{Builder, Clock, MemoryStore, StreamName};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.placed")]
pub(super) struct Placed {
    pub(super) thing: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.taken")]
pub(super) struct Taken {
    pub(super) thing: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.removed")]
pub(super) struct Removed {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum ShelfEvent {
    Placed(Placed),
    Taken(Taken),
    Removed(Removed),
}

/// How many things are on each shelf. To take from an empty shelf fails; to take a bomb panics.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "shelves", version = 1, events = ShelfEvent)]
pub(super) struct Shelf {
    #[kenning(key)]
    pub(super) id: String,
    pub(super) things: i64,
    pub(super) last: String,
}

#[read_model]
impl Shelf {
    #[on]
    fn placed(id: String, row: Option<Self>, event: &Placed) -> Self {
        let things = row.map_or(0, |row| row.things);
        Self { id, things: things + 1, last: event.thing.clone() }
    }

    #[on]
    fn taken(&mut self, event: &Taken) {
        assert_ne!(event.thing, "bomb", "boom");
        self.things -= 1;
        self.last.clone_from(&event.thing);
    }

    #[on]
    fn removed(self, _: &Removed) -> Option<Self> {
        None
    }
}

pub(super) fn store() -> MemoryStore {
    MemoryStore::with_clock(clock())
}

pub(super) fn clock() -> Clock {
    Clock::tokio(datetime!(2024-02-29 12:00 UTC))
}

pub(super) fn builder(store: &MemoryStore) -> Builder<MemoryStore> {
    Kenning::builder(store.clone()).clock(clock()).lease(Duration::from_secs(3))
}

/// Appends to a shelf.
pub(super) async fn put(store: &MemoryStore, shelf: impl std::fmt::Display, events: &[ShelfEvent]) {
    let stream = StreamName::new("shelf", &shelf.to_string()).unwrap();
    let events = events.iter().map(|event| {
        let event = event.encode().unwrap();
        NewEvent {
            id: Uuid::now_v7(),
            name: event.name.into(),
            schema_version: event.schema_version,
            payload: event.payload,
            correlation_id: None,
            causation_id: None,
            headers: crate::Headers::new(),
        }
    });
    store.append(Append::to(stream, Expect::Any, events.collect())).await.unwrap();
}

pub(super) fn placed(thing: &str) -> ShelfEvent {
    Placed { thing: thing.to_owned() }.into()
}

pub(super) fn taken(thing: &str) -> ShelfEvent {
    Taken { thing: thing.to_owned() }.into()
}
