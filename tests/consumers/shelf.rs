//! What is followed: shelves, and a fold of their events that is written by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use kenning::prelude::*;
use kenning::store::{Append, ConsumerStore, EventStore, Expect, FeedQuery, NewEvent};
use kenning::{Builder, ConsumerOptions, StreamName};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.placed")]
pub struct Placed {
    pub thing: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.cleared")]
pub struct Cleared {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.removed")]
pub struct Removed {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ShelfEvent {
    Placed(Placed),
    Cleared(Cleared),
    Removed(Removed),
}

/// What is on each shelf.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "shelves", version = 1, events = ShelfEvent)]
pub struct Shelf {
    #[kenning(key)]
    pub id: String,
    #[kenning(index)]
    pub things: i64,
    pub sum: i64,
    pub changed_at: OffsetDateTime,
    pub cleared_by: Option<Uuid>,
}

#[read_model]
impl Shelf {
    #[on]
    fn placed(id: String, row: Option<Self>, event: &Recorded<Placed>) -> Self {
        let (things, sum) = row.as_ref().map_or((0, 0), |row| (row.things, row.sum));
        let cleared_by = row.and_then(|row| row.cleared_by);
        Self { id, things: things + 1, sum: sum + event.thing, changed_at: event.recorded_at(), cleared_by }
    }

    #[on]
    fn cleared(&mut self, event: &Recorded<Cleared>) {
        (self.things, self.sum) = (0, 0);
        self.changed_at = event.recorded_at();
        self.cleared_by = Some(event.metadata().id);
    }

    #[on]
    fn removed(self, _: &Removed) -> Option<Self> {
        None
    }
}

pub fn builder<S: ConsumerStore>(store: S, partitions: u16) -> Builder<S> {
    let options = ConsumerOptions::new().partitions(partitions).batch(100);
    Kenning::builder(store).lease(Duration::from_secs(1)).read_model_with::<Shelf>(options)
}

/// Appends so many events to random ones of so many shelves.
pub async fn fill(store: &dyn EventStore, shelves: u32, events: u32) {
    let mut there = vec![false; shelves as usize];
    for thing in 0..events {
        let shelf = fastrand::u32(..shelves);
        let there = &mut there[shelf as usize];
        let event: ShelfEvent = match fastrand::u8(..10) {
            0 if *there => Cleared {}.into(),
            1 if *there => Removed {}.into(),
            _ => Placed { thing: thing.into() }.into(),
        };
        *there = !matches!(event, ShelfEvent::Removed(_));
        let stream = StreamName::new("shelf", &shelf.to_string()).expect("a number is an id");
        let event = NewEvent::new(event.encode().expect("the event is written"));
        loop {
            let append = Append::to(stream.clone(), Expect::Any, vec![event.clone()]);
            match store.append(append).await {
                Ok(_) => break,
                Err(error) => {
                    // A cut connection: none of these tests is about what the writer makes of it.
                    eprintln!("an append is tried again: {error}");
                    if stored(store, &stream, event.id).await {
                        break;
                    }
                }
            }
        }
    }
}

async fn stored(store: &dyn EventStore, stream: &StreamName, id: Uuid) -> bool {
    loop {
        let events = store.read_stream(kenning::store::StreamQuery::backwards(stream.clone()).limit(3));
        match events.try_collect::<Vec<_>>().await {
            Ok(events) => return events.iter().any(|event| event.metadata.id == id),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The rows as they have to be: folded by hand over all stored events.
pub async fn folded(store: &dyn EventStore) -> Vec<Shelf> {
    let mut rows: BTreeMap<String, Shelf> = BTreeMap::new();
    let mut after = kenning::Position::ZERO;
    loop {
        let page = store.read_feed(FeedQuery::after(after).limit(10_000)).await.expect("the feed is read");
        for event in &page.events {
            let id = event.metadata.stream.id().to_owned();
            let at = event.metadata.recorded_at;
            match event.decode::<ShelfEvent>().expect("the event is read").into_event() {
                ShelfEvent::Placed(placed) => {
                    let row = rows.entry(id.clone()).or_insert(Shelf {
                        id,
                        things: 0,
                        sum: 0,
                        changed_at: at,
                        cleared_by: None,
                    });
                    (row.things, row.sum, row.changed_at) = (row.things + 1, row.sum + placed.thing, at);
                }
                ShelfEvent::Cleared(_) => {
                    let row = rows.get_mut(&id).expect("only what is there is cleared");
                    (row.things, row.sum, row.changed_at) = (0, 0, at);
                    row.cleared_by = Some(event.metadata.id);
                }
                ShelfEvent::Removed(_) => drop(rows.remove(&id)),
            }
        }
        if page.is_at_head() {
            return rows.into_values().collect();
        }
        after = page.through;
    }
}

/// Checks the table against the fold.
pub async fn check(app: &Kenning) {
    let rows = app.query::<Shelf>().fetch().await.expect("the table is read");
    let expected = folded(&**app.store()).await;
    let wrong: Vec<_> = rows.iter().zip(&expected).filter(|(row, right)| row != right).take(3).collect();
    assert_eq!((rows.len(), wrong), (expected.len(), Vec::new()));
    let parked = app.parked().list().await.expect("the parked events are listed");
    assert_eq!(parked, []);
}
