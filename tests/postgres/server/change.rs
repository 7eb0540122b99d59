//! The server loses commits: a failover to an asynchronous standby, or a restore to an earlier time. Nothing that was
//! read before is used afterwards.
//!
//! A copy of the database plays the standby: it takes the database's name while the store cannot reach it.

use std::time::Duration;

use kenning::prelude::*;
use kenning::store::{
    Append, AppendError, ConsumerStore as _, EventStore as _, Expect, FeedQuery, NewEvent, StoreError,
};
use kenning::{CancellationToken, ConsumerOptions, Position, StreamName, Version};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};

use super::super::{event, prepared, stream};
use crate::support::database;
use crate::support::proxy::Proxy;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "tally.added")]
pub struct Added {
    by: i64,
    total: i64,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum TallyEvent {
    Added(Added),
}

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[kenning(category = "tally", id = u64, events = TallyEvent)]
pub struct Tally {
    total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Tally)]
pub struct Add {
    #[kenning(id)]
    pub tally: u64,
    pub by: i64,
}

#[aggregate]
impl Tally {
    #[command]
    fn add(&self, command: Add) -> Option<Added> {
        (command.by != 0).then(|| Added { by: command.by, total: self.total + command.by })
    }

    #[apply]
    fn added(&mut self, event: &Added) {
        self.total += event.by;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "tallies", version = 1, events = TallyEvent)]
pub struct Sum {
    #[kenning(key)]
    id: u64,
    total: i64,
    events: i64,
}

#[read_model]
impl Sum {
    #[on]
    fn added(id: u64, row: Option<Self>, event: &Added) -> Self {
        let (total, events) = row.map_or((0, 0), |row| (row.total, row.events));
        Self { id, total: total + event.by, events: events + 1 }
    }
}

/// A database that can be put back.
struct Site {
    url: String,
    proxy: Proxy,
    name: String,
    admin: PgConnection,
}

impl Site {
    async fn new() -> Self {
        let url = database().await;
        let proxy = Proxy::before(&url).await;
        let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
        let name = options.get_database().unwrap().to_owned();
        let admin = options.database("postgres").connect().await.unwrap();
        Self { url, proxy, name, admin }
    }

    /// The store's way, which `away` cuts.
    async fn store(&self) -> PostgresStore {
        let options = PostgresStore::options().acquire_timeout(Duration::from_secs(5));
        prepared(options, &self.proxy.url(&self.url)).await
    }

    async fn away(&mut self, statements: &[String]) {
        self.proxy.refuse(true);
        let end =
            format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'", self.name);
        self.admin.execute(AssertSqlSafe(end.clone())).await.unwrap();
        // Sessions that were just accepted, and those that are ending.
        for statement in statements {
            while let Err(busy) = self.admin.execute(AssertSqlSafe(statement.clone())).await {
                assert!(busy.to_string().contains("being accessed by other users"), "{busy}");
                self.admin.execute(AssertSqlSafe(end.clone())).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.proxy.refuse(false);
    }

    /// Keeps the present state.
    async fn keep(&mut self) {
        let name = self.name.clone();
        self.away(&[format!("create database {name}_kept template {name}")]).await;
    }

    /// Puts the state back that was kept.
    async fn put_back(&mut self) {
        let name = self.name.clone();
        self.away(&[
            format!("alter database {name} rename to {name}_lost"),
            format!("alter database {name}_kept rename to {name}"),
        ])
        .await;
    }
}

fn notes(id: &str, events: usize) -> Append {
    Append::to(stream(id), Expect::Any, (0..events).map(|_| event()).collect())
}

/// Fails without `server.watermark`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_reader_does_not_skip_events_with_positions_that_are_drawn_again() {
    let mut site = Site::new().await;
    let store = site.store().await;
    store.append(notes("a", 5)).await.unwrap();
    site.keep().await;
    store.append(notes("a", 5)).await.unwrap();
    // A gap, so that the reader looks at the locks and knows a watermark.
    assert_eq!(store.read_feed(FeedQuery::after(0_u64)).await.unwrap().through, Position::new(10));
    let before = store.timeline();
    site.put_back().await;
    let other = site.store().await;
    other.append(notes("b", 3)).await.unwrap();
    let mut after = Position::new(5);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = store.read_feed(FeedQuery::after(after).limit(2)).await.unwrap();
        seen.extend(page.events.iter().map(|event| event.metadata.position.get()));
        after = page.through;
    }
    assert_eq!(seen, [6, 7, 8]);
    assert_eq!(after, Position::new(8), "the feed ends where the log ends");
    assert_ne!(store.timeline(), before);
}

/// Fails without `server.append-on`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_command_is_not_decided_on_a_state_that_the_server_lost() {
    let mut site = Site::new().await;
    let app = Kenning::builder(site.store().await).aggregate::<Tally>().build().await.unwrap();
    app.execute(Add { tally: 1, by: 10 }).await.unwrap();
    site.keep().await;
    app.execute(Add { tally: 1, by: 20 }).await.unwrap();
    site.put_back().await;
    // Another process comes to the same version by another way.
    let other = Kenning::builder(site.store().await).aggregate::<Tally>().build().await.unwrap();
    other.execute(Add { tally: 1, by: 1 }).await.unwrap();
    let executed = app.execute(Add { tally: 1, by: 5 }).await.unwrap();
    let TallyEvent::Added(added) = &executed.events()[0];
    assert_eq!((added.total, executed.version()), (16, Version::new(3)));
    assert_eq!(app.load::<Tally>(1).await.unwrap().total, 16);
}

/// The state is cached, the session is new, and the change is found by the append itself.
#[tokio::test(flavor = "multi_thread")]
async fn p13_an_append_decided_before_the_change_is_refused_after_it() {
    let mut site = Site::new().await;
    let store = site.store().await;
    store.append(notes("a", 2)).await.unwrap();
    site.keep().await;
    let decided_on = store.timeline();
    site.put_back().await;
    let append = Append::to(stream("a"), Expect::Exactly(Version::new(2)), vec![event()]);
    let refused = store.append_on(decided_on, append.clone()).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Contention(_)))), "{refused:?}");
    store.append_on(store.timeline(), append).await.expect("it was decided again");
}

/// Rows of the lost time, checkpoints and pages: a running consumer makes what a new one would make.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_running_consumer_sees_every_event_of_the_server_that_is_left() {
    let mut site = Site::new().await;
    let store = site.store().await;
    let options = ConsumerOptions::new().partitions(2);
    let builder = Kenning::builder(store.clone()).lease(Duration::from_secs(1)).aggregate::<Tally>();
    let app = builder.read_model_with::<Sum>(options).build().await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let add = |tally, by| app.execute(Add { tally, by }).wait_for::<Sum>();
    for tally in 0..20 {
        add(tally, 1).await.unwrap();
    }
    site.keep().await;
    for tally in 0..20 {
        drop(app.execute(Add { tally, by: 100 }).await);
    }
    // The consumer has seen them.
    let seen =
        async || app.query::<Sum>().fetch().await.is_ok_and(|rows| rows.iter().all(|row| row.total == 101));
    tokio::time::timeout(Duration::from_secs(30), async {
        while !seen().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the lost time is seen first");
    site.put_back().await;
    let other = Kenning::builder(site.store().await).aggregate::<Tally>().build().await.unwrap();
    for tally in 0..20 {
        other.execute(Add { tally, by: 7 }).await.unwrap();
    }
    let right = async || {
        app.query::<Sum>()
            .fetch()
            .await
            .is_ok_and(|rows| rows.len() == 20 && rows.iter().all(|row| (row.total, row.events) == (8, 2)))
    };
    let done = tokio::time::timeout(Duration::from_secs(30), async {
        while !right().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    if done.await.is_err() {
        panic!("rows: {:?}, consumers: {:?}", app.query::<Sum>().fetch().await, store.consumers().await);
    }
    assert!(app.parked().list().await.unwrap().is_empty());
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// A snapshot of the lost time would make every later load wrong. Fails without
/// `server.snapshot-on`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_snapshot_of_the_lost_time_is_not_saved() {
    let mut site = Site::new().await;
    let store = site.store().await;
    store.append(notes("a", 2)).await.unwrap();
    site.keep().await;
    let read_on = store.timeline();
    site.put_back().await;
    let snapshot = kenning::store::Snapshot {
        stream: stream("a"),
        fingerprint: 1,
        version: Version::new(2),
        state: kenning::Payload::from_stored("{}"),
    };
    let refused = store.save_snapshot_on(read_on, snapshot).await;
    assert!(matches!(refused, Err(StoreError::Contention(_))), "{refused:?}");
    assert!(store.load_snapshot(&stream("a"), 1).await.unwrap().is_none());
}

/// A restore of the data into the same database changes nothing by which a server is known: the last event is missed.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_restore_into_the_same_database_is_noticed_by_the_next_session() {
    let url = database().await;
    let store = prepared(PostgresStore::options(), &url).await;
    store.append(notes("a", 5)).await.unwrap();
    let before = store.timeline();
    store.pool().execute("delete from kenning.events where position > 3").await.unwrap();
    store.pool().execute("select setval('kenning.event_positions', 3)").await.unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    store.pool().execute(end).await.unwrap();
    let event = NewEvent::new(TallyEvent::from(Added { by: 1, total: 1 }).encode().unwrap());
    let name = StreamName::new("tally", "1").unwrap();
    store.append(Append::to(name, Expect::New, vec![event])).await.unwrap();
    assert_ne!(store.timeline(), before);
    assert_eq!(store.read_feed(FeedQuery::after(3_u64)).await.unwrap().through, Position::new(4));
}

/// Sessions come and go without that anything is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_lost_session_is_no_change_of_the_server() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    store.append(notes("a", 5)).await.unwrap();
    let before = store.timeline();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    store.pool().execute(end).await.unwrap();
    store.append(notes("a", 5)).await.unwrap();
    assert_eq!(store.read_feed(FeedQuery::after(0_u64)).await.unwrap().events.len(), 10);
    assert_eq!(store.timeline(), before);
}
