//! What these tests follow: shelves on which things are put and from which they are taken.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use time::macros::datetime;
use tokio::task::JoinHandle;

use crate::prelude::*;
use crate::projection::HandlerError;
use crate::store::{Append, BoxFuture, ConsumerStore, EventStore, Expect, MemoryTransaction, NewEvent};
use crate::{Builder, CancellationToken, Clock, MemoryStore, Projection, RunError, StreamName};

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

thread_local! {
    /// Bombs do no harm in this test: all tasks of a test run in its thread.
    pub(super) static DEFUSED: Cell<bool> = const { Cell::new(false) };
    /// What the journal has written, by the names of the streams and the things.
    pub(super) static JOURNAL: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// How often the journal has been called.
    pub(super) static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// How many things are on each shelf. To take from a shelf that is not there fails; to take a bomb panics.
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
        assert!(event.thing != "bomb" || DEFUSED.get(), "boom");
        self.things -= 1;
        self.last.clone_from(&event.thing);
    }

    #[on]
    fn removed(self, _: &Removed) -> Option<Self> {
        None
    }
}

/// The same, as a later release has it.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "shelves", version = 2, events = ShelfEvent)]
pub(super) struct ShelfV2 {
    #[kenning(key)]
    pub(super) id: String,
    pub(super) ever: i64,
}

#[read_model(ignore(Taken, Removed))]
impl ShelfV2 {
    #[on]
    fn placed(id: String, row: Option<Self>, _: &Placed) -> Self {
        Self { id, ever: row.map_or(0, |row| row.ever) + 1 }
    }
}

/// Writes down what it sees, and misbehaves for things of certain names.
pub(super) struct Journal;

impl Projection for Journal {
    const NAME: &'static str = "journal";
    const VERSION: u32 = 1;
    type Events = ShelfEvent;
    type Transaction = MemoryTransaction;

    fn project<'a>(
        &'a self,
        events: Vec<Recorded<ShelfEvent>>,
        _: &'a mut MemoryTransaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            CALLS.set(CALLS.get() + 1);
            let mut seen = Vec::new();
            for event in &events {
                let thing = match event.event() {
                    ShelfEvent::Placed(placed) => placed.thing.as_str(),
                    ShelfEvent::Taken(taken) => taken.thing.as_str(),
                    ShelfEvent::Removed(_) => "all",
                };
                match thing {
                    _ if DEFUSED.get() => {}
                    "bomb" => panic!("boom"),
                    "mud" => std::future::pending().await,
                    "glue" => return Err("it sticks".into()),
                    "cable" => return Err(crate::store::StoreError::Unavailable("cut".into()).into()),
                    _ => {}
                }
                seen.push(format!("{}:{thing}", event.stream().id()));
            }
            // It has no transaction of its own: what fails later would not be taken back.
            JOURNAL.with_borrow_mut(|journal| journal.extend(seen));
            Ok(())
        })
    }
}

pub(super) fn journal() -> Vec<String> {
    JOURNAL.with_borrow(Clone::clone)
}

pub(super) fn store() -> MemoryStore {
    MemoryStore::with_clock(clock())
}

pub(super) fn clock() -> Clock {
    Clock::tokio(datetime!(2024-02-29 12:00 UTC))
}

pub(super) fn builder<S: ConsumerStore + Clone>(store: &S) -> Builder<S> {
    Kenning::builder(store.clone()).clock(clock()).lease(Duration::from_secs(3))
}

/// Runs the consumers beside the test.
pub(super) fn running(app: &Kenning) -> (CancellationToken, JoinHandle<Result<(), RunError>>) {
    let (app, stop) = (app.clone(), CancellationToken::new());
    let run = tokio::spawn({
        let stop = stop.clone();
        async move { app.run(stop).await }
    });
    (stop, run)
}

/// Waits until something is so; paused time makes a minute short.
pub(super) async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    for _ in 0..6_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to be so");
}

/// Appends to a shelf.
pub(super) async fn put(store: &impl EventStore, shelf: impl std::fmt::Display, events: &[ShelfEvent]) {
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

pub(super) fn shelf(id: &str, things: i64, last: &str) -> Shelf {
    Shelf { id: id.to_owned(), things, last: last.to_owned() }
}

pub(super) async fn shelves(app: &Kenning) -> Vec<Shelf> {
    app.query::<Shelf>().fetch().await.unwrap()
}
