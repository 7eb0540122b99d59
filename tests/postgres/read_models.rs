//! Read models from the events to the query: several processes, restarts, a release that follows another, all on one database.

use std::collections::BTreeMap;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::{Append, EventStore, Expect, FeedQuery, NewEvent};
use kenning::{CancellationToken, Kenning, Position, PostgresStore, StreamName};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::prepared;
use crate::support::database;

const SHELVES: usize = 40;

const EVENTS: usize = 3_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.placed")]
pub struct Placed {
    pub thing: Uuid,
    pub weight: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "shelf.cleared")]
pub struct Cleared {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum ShelfEvent {
    Placed(Placed),
    Cleared(Cleared),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Load {
    Light,
    Heavy,
}

/// A column of each kind.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "shelves", version = 1, events = ShelfEvent, index(things, id))]
pub struct Shelf {
    #[kenning(key)]
    pub id: String,
    pub things: i32,
    pub weight: u64,
    pub last: Option<Uuid>,
    pub load: Load,
    #[kenning(index)]
    pub placed_at: OffsetDateTime,
    #[kenning(json)]
    pub newest: Vec<Uuid>,
    pub mean: f64,
    pub order: bool,
}

#[read_model]
impl Shelf {
    #[on]
    fn placed(id: String, row: Option<Self>, event: &Recorded<Placed>) -> Self {
        let old = row.as_ref();
        let (things, weight) =
            (old.map_or(0, |row| row.things) + 1, old.map_or(0, |row| row.weight) + event.weight);
        let mut newest = old.map_or_else(Vec::new, |row| row.newest.clone());
        newest.insert(0, event.thing);
        newest.truncate(3);
        Self {
            id,
            things,
            weight,
            last: Some(event.thing),
            load: if weight > 1_000 { Load::Heavy } else { Load::Light },
            placed_at: event.recorded_at(),
            newest,
            mean: weight as f64 / f64::from(things),
            order: things % 2 == 0,
        }
    }

    #[on]
    fn cleared(self, _: &Cleared) -> Option<Self> {
        None
    }
}

/// As the next release has it: fewer columns, and one of another type.
mod next {
    use super::*;

    #[derive(Clone, Debug, PartialEq, ReadModel)]
    #[kenning(table = "shelves", version = 2, events = ShelfEvent, index(things))]
    pub struct Shelf {
        #[kenning(key)]
        pub id: String,
        pub things: i64,
    }

    #[read_model]
    impl Shelf {
        #[on]
        fn placed(id: String, row: Option<Self>, _: &Placed) -> Self {
            Self { id, things: row.map_or(0, |row| row.things) + 1 }
        }

        #[on(missing = ignore)]
        fn cleared(self, _: &Cleared) -> Option<Self> {
            None
        }
    }
}

/// What the table has to hold: the stored events, folded by hand. A shelf that is cleared while it is empty never is, here.
async fn folded(store: &PostgresStore) -> BTreeMap<String, (i32, u64)> {
    let mut shelves = BTreeMap::<String, (i32, u64)>::new();
    let mut query = FeedQuery::after(Position::ZERO);
    loop {
        let page = store.read_feed(query.clone()).await.unwrap();
        for event in &page.events {
            let id = event.metadata.stream.id().to_owned();
            if &*event.name == "shelf.cleared" {
                shelves.remove(&id);
            } else {
                let placed: Placed = serde_json::from_str(event.payload.as_str()).unwrap();
                let shelf = shelves.entry(id).or_default();
                *shelf = (shelf.0 + 1, shelf.1 + placed.weight);
            }
        }
        if page.through >= page.watermark {
            return shelves;
        }
        query.after = page.through;
    }
}

fn new(event: &impl IntoEvent) -> NewEvent {
    NewEvent::new(event.encoded())
}

trait IntoEvent {
    fn encoded(&self) -> kenning::EncodedEvent;
}

impl<E: Event + Serialize> IntoEvent for E {
    fn encoded(&self) -> kenning::EncodedEvent {
        kenning::EncodedEvent::of(self).unwrap()
    }
}

/// Places things on shelves, and now and then clears one on which it has just placed something.
async fn write(store: PostgresStore, events: usize) {
    for _ in 0..events {
        let shelf = StreamName::new("shelf", &fastrand::usize(0..SHELVES).to_string()).unwrap();
        let mut appended = vec![new(&Placed { thing: Uuid::now_v7(), weight: fastrand::u64(1..100) })];
        if fastrand::u8(..) < 4 {
            appended.push(new(&Cleared {}));
        }
        store.append(Append::to(shelf, Expect::Any, appended)).await.unwrap();
    }
}

async fn app(store: &PostgresStore) -> Kenning {
    let options = kenning::ConsumerOptions::new().partitions(4).batch(64);
    let builder = Kenning::builder(store.clone()).read_model_with::<Shelf>(options);
    builder.lease(Duration::from_secs(2)).build().await.unwrap()
}

async fn next_app(store: &PostgresStore) -> Kenning {
    let options = kenning::ConsumerOptions::new().partitions(2).batch(64);
    let builder = Kenning::builder(store.clone()).read_model_with::<next::Shelf>(options);
    builder.lease(Duration::from_secs(2)).build().await.unwrap()
}

async fn check(app: &Kenning, store: &PostgresStore) {
    let found = app.query::<Shelf>().fetch().await.unwrap();
    for row in &found {
        assert_eq!(row.newest.first().copied(), row.last);
        assert_eq!(row.newest.len(), usize::try_from(row.things.min(3)).unwrap());
        assert_eq!((row.load == Load::Heavy, row.order), (row.weight > 1_000, row.things % 2 == 0));
    }
    let found: BTreeMap<_, _> = found.into_iter().map(|row| (row.id, (row.things, row.weight))).collect();
    assert_eq!(found, folded(store).await);
    assert!(app.parked().list().await.unwrap().is_empty());
}

/// Three processes share four partitions while events are written; one of them stops and another begins.
#[tokio::test(flavor = "multi_thread")]
async fn p4_processes_that_come_and_go_fold_each_event_once() {
    let url = database().await;
    let writer = prepared(PostgresStore::options(), &url).await;
    let mut writing = JoinSet::new();
    for _ in 0..3 {
        writing.spawn(write(writer.clone(), EVENTS / 3));
    }
    let mut running = JoinSet::new();
    let mut stops = Vec::new();
    for _ in 0..3 {
        let (app, stop) =
            (app(&prepared(PostgresStore::options(), &url).await).await, CancellationToken::new());
        stops.push(stop.clone());
        running.spawn(async move { app.run(stop).await });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stops.remove(0).cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    let late = prepared(PostgresStore::options(), &url).await;
    let app = app(&late).await;
    while let Some(written) = writing.join_next().await {
        written.unwrap();
    }
    stops.iter().for_each(CancellationToken::cancel);
    while let Some(ran) = running.join_next().await {
        ran.unwrap().unwrap();
    }
    app.run_until_idle().await.unwrap();
    check(&app, &late).await;
}

/// The old release goes on serving and following while the next one builds its table; then the new table has the name, and the old release is told why it gets no answer.
#[tokio::test(flavor = "multi_thread")]
async fn trap_26_the_next_release_builds_beside_and_takes_the_place() {
    let url = database().await;
    let (old_store, new_store) =
        (prepared(PostgresStore::options(), &url).await, prepared(PostgresStore::options(), &url).await);
    let old = app(&old_store).await;
    write(old_store.clone(), EVENTS / 3).await;
    old.run_until_idle().await.unwrap();
    check(&old, &old_store).await;

    let stop = CancellationToken::new();
    let runs = tokio::spawn({
        let (old, stop) = (old.clone(), stop.clone());
        async move { old.run(stop).await }
    });
    let writing = tokio::spawn(write(old_store.clone(), EVENTS / 3));
    let new = next_app(&new_store).await;
    let (new_stop, new_app) = (CancellationToken::new(), new.clone());
    let new_runs = tokio::spawn({
        let stop = new_stop.clone();
        async move { new_app.run(stop).await }
    });
    let swapped = async {
        loop {
            let records = new.consumers().await.unwrap();
            if let [only] = records.as_slice()
                && only.version == 2
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), swapped).await.expect("the new table takes the place");
    writing.await.unwrap();
    let refused = old.query::<Shelf>().fetch().await.unwrap_err();
    assert!(format!("{refused:?}").contains("other columns"), "{refused:?}");
    stop.cancel();
    new_stop.cancel();
    runs.await.unwrap().unwrap();
    new_runs.await.unwrap().unwrap();
    new.run_until_idle().await.unwrap();
    let found: BTreeMap<_, _> = new
        .query::<next::Shelf>()
        .fetch()
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row.things))
        .collect();
    let folded: BTreeMap<_, _> =
        folded(&new_store).await.into_iter().map(|(id, shelf)| (id, i64::from(shelf.0))).collect();
    assert_eq!(found, folded);
}

/// A rebuild by hand while events come in.
#[tokio::test(flavor = "multi_thread")]
async fn trap_26_a_rebuild_equals_the_live_result() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    let app = app(&store).await;
    write(store.clone(), EVENTS / 3).await;
    app.run_until_idle().await.unwrap();
    let stop = CancellationToken::new();
    let runs = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let writing = tokio::spawn(write(store.clone(), EVENTS / 3));
    for _ in 0..2 {
        let rebuild = app.rebuild::<Shelf>().await.unwrap();
        let finished = tokio::time::timeout(Duration::from_secs(120), rebuild.finished());
        finished.await.expect("it comes to an end").unwrap();
    }
    writing.await.unwrap();
    stop.cancel();
    runs.await.unwrap().unwrap();
    app.run_until_idle().await.unwrap();
    check(&app, &store).await;
}
