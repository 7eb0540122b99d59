//! Synchronous replication: what was answered with `Ok` is on the standby.

use std::future::IntoFuture as _;
use std::time::Duration;

use kenning::store::{
    Append, AppendError, EventStore as _, Expect, LedgerEntry, StoreError, StreamQuery,
    TransactionalStore as _,
};
use kenning::{Kenning, PostgresStore};
use sqlx::{Executor as _, PgConnection};
use uuid::Uuid;

use super::super::{event, prepared, stream};
use super::change::{Add, Tally};
use crate::support::PrivateServer;

/// No standby has this name: every commit waits until its session is ended.
const STOPPED: &str = "stopped_standby";

fn options() -> kenning::PostgresOptions {
    PostgresStore::options()
        .statement_timeout(Duration::from_millis(500))
        .acquire_timeout(Duration::from_secs(1))
        .recovery_timeout(Duration::from_secs(2))
}

async fn stop_standby(server: &PrivateServer) {
    server.set("synchronous_standby_names", STOPPED).await;
}

/// Waits until a session waits for the standby, and has the operator do something to it.
async fn once_waiting(admin: &mut PgConnection, what: &str) {
    let act = format!(
        "select {what}(pid) from pg_stat_activity where wait_event = 'SyncRep' and pid <> pg_backend_pid()
         and query not like '%pg_logical_emit_message%'"
    );
    loop {
        let done = admin.execute(sqlx::AssertSqlSafe(act.clone())).await.expect("the operator may do so");
        if done.rows_affected() > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn one(id: &str) -> Append {
    Append::to(stream(id), Expect::New, vec![event()])
}

fn is_unknown(answer: &Result<kenning::store::Appended, AppendError>) -> bool {
    matches!(answer, Err(AppendError::Store(StoreError::OutcomeUnknown { event_ids, .. })) if event_ids.len() == 1)
}

async fn stored(store: &PostgresStore, id: &str) -> usize {
    use futures_util::StreamExt as _;
    store.read_stream(StreamQuery::forwards(stream(id))).count().await
}

/// Fails without `server.recovery-barrier`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_an_append_that_the_standby_does_not_have_is_not_ok() {
    let server = PrivateServer::start();
    let store = prepared(options(), &server.url).await;
    store.append(one("before")).await.unwrap();
    stop_standby(&server).await;
    // The store ends the session itself, after the time of a statement and a grace of five seconds.
    let answer = store.append(one("a")).await;
    assert!(is_unknown(&answer), "{answer:?}");
    assert_eq!(stored(&store, "a").await, 1, "the wait was ended, so the event is visible");
    server.set("synchronous_standby_names", "").await;
    store.append(one("b")).await.expect("the store works when the standby is back");
}

/// The same when another session ends the session. Fails without `server.recovery-barrier`:
/// see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_an_append_whose_session_an_operator_ended_is_not_ok() {
    let server = PrivateServer::start();
    let store = prepared(options(), &server.url).await;
    store.append(one("before")).await.unwrap();
    stop_standby(&server).await;
    let mut admin = server.admin().await;
    let (answer, ()) = tokio::join!(store.append(one("a")), once_waiting(&mut admin, "pg_terminate_backend"));
    assert!(is_unknown(&answer), "{answer:?}");
}

/// The server answers a cancelled wait with success and a warning. Fails without
/// `server.slow-commit`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_an_append_whose_wait_an_operator_cancelled_is_not_ok() {
    let server = PrivateServer::start();
    let store = prepared(options(), &server.url).await;
    store.append(one("before")).await.unwrap();
    stop_standby(&server).await;
    let mut admin = server.admin().await;
    let cancelled = async {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        once_waiting(&mut admin, "pg_cancel_backend").await;
    };
    let (answer, ()) = tokio::join!(store.append(one("a")), cancelled);
    assert!(is_unknown(&answer), "{answer:?}");
}

/// Fails without `server.duplicate-barrier` or `server.find-command-barrier`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_second_sender_is_not_told_of_a_command_that_the_standby_does_not_have() {
    let server = PrivateServer::start();
    let (first, second) = (prepared(options(), &server.url).await, prepared(options(), &server.url).await);
    first.append(one("first")).await.unwrap();
    second.append(one("second")).await.unwrap();
    stop_standby(&server).await;
    let command_id = Uuid::now_v7();
    let command = || one("a").command(LedgerEntry { command_id, body_hash: [7; 32] });
    let mut admin = server.admin().await;
    let (answer, ()) =
        tokio::join!(first.append(command()), once_waiting(&mut admin, "pg_terminate_backend"));
    assert!(is_unknown(&answer), "{answer:?}");
    let again = second.append(command()).await;
    assert!(matches!(again, Err(AppendError::Store(StoreError::Unavailable(_)))), "{again:?}");
    let found = second.find_command(command_id).await;
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    server.set("synchronous_standby_names", "").await;
    let again = second.append(command()).await;
    assert!(matches!(again, Err(AppendError::DuplicateCommand(_))), "{again:?}");
}

/// What a new session reads may not be on the standby. Fails without `server.session-barrier`:
/// see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_new_session_of_the_appender_waits_for_the_standby_before_it_answers() {
    let server = PrivateServer::start();
    let store = prepared(options(), &server.url).await;
    stop_standby(&server).await;
    let answer = store.append(one("a")).await;
    let Err(AppendError::Store(StoreError::Unavailable(why))) = answer else { panic!("{answer:?}") };
    assert!(why.to_string().contains("standby"), "{why}");
    assert_eq!(stored(&store, "a").await, 0);
    // However often it is tried, one session waits.
    for _ in 0..3 {
        store.append(one("a")).await.unwrap_err();
    }
    let waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
    let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut server.admin().await).await.unwrap();
    assert_eq!(waiting, 1);
}

/// The path of inline projections. Fails without `server.recovery-barrier`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_transaction_that_the_standby_does_not_have_is_not_ok() {
    let server = PrivateServer::start();
    let store = prepared(options(), &server.url).await;
    stop_standby(&server).await;
    let append = one("a");
    let mut transaction = store.begin().await.unwrap();
    store.append_in(&mut transaction, append.clone()).await.unwrap();
    let mut admin = server.admin().await;
    let (answer, ()) = tokio::join!(
        store.commit_append(transaction, &append),
        once_waiting(&mut admin, "pg_terminate_backend")
    );
    assert!(matches!(answer, Err(StoreError::OutcomeUnknown { .. })), "{answer:?}");
}

/// `synchronous_commit` of the server is raised where it would answer before the standby has it, and never lowered.
#[tokio::test(flavor = "multi_thread")]
async fn p13_sessions_wait_for_the_standby_whatever_the_default_is() {
    let server = PrivateServer::start();
    for (default, own) in [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")] {
        let mut admin = server.admin().await;
        let set = format!("alter database postgres set synchronous_commit = {default}");
        admin.execute(sqlx::AssertSqlSafe(set)).await.unwrap();
        let store = PostgresStore::options().connect(&server.url).await.unwrap();
        let found: String =
            sqlx::query_scalar("show synchronous_commit").fetch_one(store.pool()).await.unwrap();
        assert_eq!(found, own, "with the default {default}");
    }
}

/// A command that finds nothing to do is answered from what was read. Fails without
/// `server.nothing-to-do`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_nothing_to_do_is_not_said_of_events_that_the_standby_does_not_have() {
    let server = PrivateServer::start();
    let (first, second) = (prepared(options(), &server.url).await, prepared(options(), &server.url).await);
    let app = async |store| Kenning::builder(store).aggregate::<Tally>().build().await.unwrap();
    let (first, second) = (app(first).await, app(second).await);
    first.execute(Add { tally: 1, by: 1 }).await.unwrap();
    stop_standby(&server).await;
    let mut admin = server.admin().await;
    let (answer, ()) = tokio::join!(
        first.execute(Add { tally: 1, by: 5 }).into_future(),
        once_waiting(&mut admin, "pg_terminate_backend")
    );
    answer.expect_err("the standby does not have it");
    // A session that was opened since knows of the standby.
    let again = second.execute(Add { tally: 2, by: 1 }).await;
    again.expect_err("the standby does not answer");
    let nothing = second.execute(Add { tally: 1, by: 0 }).await;
    nothing.expect_err("the total of 6 may be lost");
    server.set("synchronous_standby_names", "").await;
    assert_eq!(second.execute(Add { tally: 1, by: 0 }).await.unwrap().version().get(), 2);
}
