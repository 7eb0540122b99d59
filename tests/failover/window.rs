//! Servers that do not write for a while: a read-only window, a standby behind the address, an old
//! primary that returns.

use std::sync::Arc;
use std::time::Duration;

use kenning::store::{AppendError, EventStore, Expect, StoreError};
use kenning::{CancellationToken, ExecuteError, Kenning, PostgresStore};
use kenning_tests::failover::{Errand, TallyRow};
use kenning_tests::storm::{Add, Tally, numbered};
use uuid::Uuid;

use super::checker::settled;
use super::node::Node;
use super::pair::{Pair, Replication};
use super::past::accepted;
use super::{app, prepare};
use crate::adversary::postgres::{self, run, session, stored};
use crate::adversary::{in_time, states_equal_replays, until};
use crate::support::database;
use crate::support::proxy::{Proxy, Strike};

/// An application whose consumers and sagas run.
struct Running {
    app: Kenning,
    store: PostgresStore,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), kenning::RunError>>,
}

impl Running {
    async fn new(url: &str) -> Self {
        let (app, store) = app(url).await;
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (app, stop) = (app.clone(), stop.clone());
            async move { app.run(stop).await }
        });
        Self { app, store, stop, task }
    }

    /// Everything is handled, nothing is parked, and nothing in memory differs from what is stored.
    async fn check(self, url: &str) {
        let sql = "select count(*) from kenning.sagas where status <> 'completed'";
        let mut session = session(url).await;
        until("the sagas to be completed", async || {
            let open: i64 = sqlx::query_scalar(sql).fetch_one(&mut session).await.expect("an answer");
            open == 0
        })
        .await;
        // The sagas append events: only now nothing changes any more.
        assert_eq!(settled(url).await, Vec::<String>::new());
        let store: Arc<dyn EventStore> = Arc::new(self.store);
        states_equal_replays(&self.app, &store, 5).await;
        self.stop.cancel();
        self.task.await.expect("no panic").expect("it ends in good order");
    }
}

/// Commands fail in a way that says that trying again helps, and that nothing is stored. The store
/// has two connections for appends. The first command on each may have been sent on a connection
/// that died: its outcome is not known while no writable server can be asked.
async fn is_unavailable(app: &Kenning, url: &str) {
    for tally in 0..5 {
        let command = Add::one(tally);
        let told = in_time("the answer", app.execute(command.clone())).await;
        match told {
            Err(ExecuteError::Store(StoreError::Unavailable(_))) => {}
            Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. })) if tally < 2 => {}
            told => panic!("the server is read-only: {told:?}"),
        }
        assert!(stored(url).await.iter().all(|event| event.tag != command.tag));
    }
}

/// The window opens for new sessions, and all sessions are ended; it closes the same way.
///
/// The saga worker begins while no session can be opened. Its first lease runs out, an instance is let
/// go, and then the lease is renewed. Fails without `sagas.expired`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_read_only_window_of_the_database_ends_without_a_restart() {
    let url = database().await;
    prepare(&url).await;
    let running = Running::new(&url).await;
    accepted(&running.app, Add::one(1)).await;
    let errand = Uuid::now_v7();
    let mut admin = session(&url).await;
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(&mut admin).await.expect("a name");
    let end_sessions = "select pg_terminate_backend(pid) from pg_stat_activity \
                        where datname = current_database() and pid <> pg_backend_pid()";
    run(&mut admin, format!("alter database {name} set default_transaction_read_only = on")).await;
    run(&mut admin, end_sessions).await;
    is_unavailable(&running.app, &url).await;
    assert!(running.app.start(Errand { tag: errand, tally: 1 }).await.is_err(), "the server is read-only");
    // Consumers and sagas meet the window too.
    tokio::time::sleep(Duration::from_secs(2)).await;
    run(&mut admin, format!("alter database {name} reset default_transaction_read_only")).await;
    // The sessions of the window stay read-only until they end: nothing ends them here.
    accepted(&running.app, Add::one(1)).await;
    until("the saga to be started", async || {
        running.app.start(Errand { tag: errand, tally: 1 }).await.is_ok()
    })
    .await;
    running.check(&url).await;
}

/// The window opens and closes under sessions that stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_read_only_window_of_the_server_ends_without_a_restart() {
    let node = Node::new().await;
    prepare(&node.url).await;
    let running = Running::new(&node.url).await;
    accepted(&running.app, Add::one(1)).await;
    running.app.start(Errand { tag: Uuid::now_v7(), tally: 2 }).await.expect("it is started");
    node.sql("alter system set default_transaction_read_only = on").await;
    node.sql("select pg_reload_conf()").await;
    until("the window", async || {
        matches!(running.app.execute(Add::one(1)).await, Err(ExecuteError::Store(StoreError::Unavailable(_))))
    })
    .await;
    is_unavailable(&running.app, &node.url).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut admin = session(&node.url).await;
    run(&mut admin, "set default_transaction_read_only = off").await;
    run(&mut admin, "alter system reset default_transaction_read_only").await;
    run(&mut admin, "select pg_reload_conf()").await;
    accepted(&running.app, Add::one(1)).await;
    running.check(&node.url).await;
}

/// A server that is read-only is refused when an application is built, and is not taken for one
/// without tables.
#[tokio::test]
async fn p13_an_application_is_not_built_on_a_standby() {
    let pair = Pair::new(Replication::Asynchronous).await;
    prepare(&pair.primary.url).await;
    pair.caught_up().await;
    let refused = PostgresStore::connect(&pair.standby.url).await.expect_err("a standby cannot be written");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert!(format!("{refused:?}").contains("it is a standby"), "{refused:?}");
}

/// The connection dies after the statement was done; for a second the address leads to a standby
/// that is behind. The event is not there, and the transaction is not running there: neither says
/// that nothing was stored.
async fn lagging(expect: fn(u64) -> Expect) {
    let pair = Pair::with_standby(Replication::Asynchronous, "recovery_min_apply_delay = '6s'").await;
    prepare(&pair.primary.url).await;
    let options = PostgresStore::options()
        .acquire_timeout(Duration::from_secs(2))
        .recovery_timeout(Duration::from_secs(20));
    let store = options.connect(&pair.url()).await.expect("the server answers");
    store.append(numbered(Uuid::now_v7(), &[("tally-1".to_owned(), 0)], 1)).await.expect("a free stream");
    // The standby has the schema and the first event.
    in_time("the standby", async {
        while !has_events(&pair.standby.url).await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    for (round, strike) in [(1_u64, Strike::LoseAnswer), (2, Strike::LoseStatement)] {
        // The statement that is struck is sent on a connection to the primary.
        let warm = numbered(Uuid::now_v7(), &[("tally-2".to_owned(), round - 1)], 1);
        store.append(warm).await.expect("the primary answers");
        let tag = Uuid::now_v7();
        let mut append = numbered(tag, &[("tally-1".to_owned(), round)], 1);
        append.streams[0].expect = expect(round);
        let strikes = pair.address.strikes();
        pair.address.arm(tag.to_string(), strike);
        pair.address.route(&pair.standby.url);
        let appending = tokio::spawn({
            let store = store.clone();
            async move { store.append(append).await }
        });
        in_time("the strike", pair.address.struck(strikes + 1)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        pair.address.switch(&pair.primary.url);
        let told = in_time("the answer", appending).await.expect("no panic");
        let effects = stored(&pair.primary.url).await.iter().filter(|event| event.tag == tag).count();
        match (&told, effects) {
            (Ok(appended), 1) => assert_eq!(appended.streams[0].version, round + 1),
            (Err(AppendError::Store(StoreError::OutcomeUnknown { .. })), 0 | 1) => {
                panic!("the primary is there and can be asked")
            }
            _ => panic!("{strike:?}: {effects} events are stored, the answer is {told:?}"),
        }
    }
}

async fn has_events(url: &str) -> bool {
    let count = sqlx::query_scalar::<_, i64>("select count(*) from kenning.events");
    count.fetch_one(&mut session(url).await).await.is_ok_and(|count| count > 0)
}

/// Fails without `server.writable`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_lagging_standby_is_not_asked_for_the_outcome_of_an_append_that_expects_nothing() {
    lagging(|_| Expect::Any).await;
}

/// Fails without `server.writable`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_lagging_standby_is_not_asked_for_the_outcome_of_an_append_that_expects_a_version() {
    lagging(|version| Expect::Exactly(version.into())).await;
}

/// The old primary comes back as a read-only standby, and the address leads to it for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_an_old_primary_that_returns_as_a_standby_is_unreachable() {
    let mut pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let running = Running::new(&pair.url()).await;
    for tally in 0..5 {
        accepted(&running.app, Add::one(tally)).await;
    }
    pair.fail_over().await;
    for tally in 0..5 {
        accepted(&running.app, Add::one(tally)).await;
    }
    pair.primary.stand_by();
    pair.primary.start().await;
    pair.address.switch(&pair.primary.url);
    is_unavailable(&running.app, &pair.standby.url).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    pair.address.switch(&pair.standby.url);
    for tally in 0..5 {
        accepted(&running.app, Add::one(tally)).await;
    }
    let waited = running.app.execute(Add::one(1)).wait_for::<TallyRow>().await.expect("it is handled");
    assert_eq!(waited.version(), 4);
    running.check(&pair.standby.url).await;
}

/// A pooler ends no session: the address moves to the new primary while connections to the old one
/// stay open, until it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_connections_that_stay_at_a_demoted_primary_are_given_up() {
    let mut node = Node::new().await;
    prepare(&node.url).await;
    let address = Proxy::before(&node.url).await;
    let running = Running::new(&address.url(&node.url)).await;
    accepted(&running.app, Add::one(1)).await;
    // The new primary is a copy of the old one, which stays, read-only.
    node.shut().await;
    let mut new = Node::copy_of(&node).await;
    node.stand_by();
    node.start().await;
    until("a read through the address", async || running.app.execute(Add::one(1)).await.is_err()).await;
    new.start().await;
    address.route(&new.url);
    accepted(&running.app, Add::one(1)).await;
    let _: Vec<_> = stored(&new.url).await;
    running.check(&new.url).await;
    let fresh = postgres::app(&postgres::store(&new.url).await).await;
    assert_eq!(fresh.load::<Tally>(1).await.expect("it can be loaded").version(), 2);
}
