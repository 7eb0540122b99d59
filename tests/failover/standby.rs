//! A synchronous standby that does not answer: nothing is `Ok` before it has it.

use kenning::store::{EventStore, StoreError, TransactionalStore};
use kenning::{ExecuteError, Kenning};
use kenning_tests::failover::Errand;
use kenning_tests::storm::{Add, numbered};
use uuid::Uuid;

use super::pair::{Pair, Replication};
use super::{app, hasty, prepare};
use crate::adversary::postgres::{self, stored};
use crate::adversary::{in_time, until};

async fn count(url: &str, tag: Uuid) -> usize {
    stored(url).await.into_iter().filter(|event| event.tag == tag).count()
}

/// Resends a command until it is accepted. Other answers must say that the outcome is open or that
/// nothing is stored.
async fn accepted(app: &Kenning, command: &Add) {
    until("the command to be accepted", async || match app.execute(command.clone()).id(command.tag).await {
        Ok(_) => true,
        Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. })) => false,
        Err(error) => {
            assert!(error.is_retryable(), "{error:?}");
            false
        }
    })
    .await;
}

/// Every process of the standby is stopped, as on a machine that hangs. Fails without
/// `server.recovery-barrier`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_command_is_not_ok_before_the_stopped_standby_has_it() {
    let pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let (app, _) = app(&pair.url()).await;
    app.execute(Add::one(1)).await.expect("the standby answers");
    pair.standby.signal("-STOP").await;
    let command = Add::one(1);
    let told = in_time("the answer", app.execute(command.clone()).id(command.tag)).await;
    let Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. })) = told else {
        panic!("the standby is stopped: {told:?}")
    };
    pair.standby.signal("-CONT").await;
    accepted(&app, &command).await;
    pair.caught_up().await;
    assert_eq!(count(&pair.primary.url, command.tag).await, 1);
    assert_eq!(count(&pair.standby.url, command.tag).await, 1);
}

/// The connection dies while its commit waits. The standby never gets it, and becomes the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_cut_connection_is_not_answered_ok_for_what_a_failover_loses() {
    let pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let (app, _) = app(&pair.url()).await;
    app.execute(Add::one(1)).await.expect("the standby answers");
    pair.part();
    let command = Add::one(1);
    let running = tokio::spawn(app.execute(command.clone()).id(command.tag).into_future());
    pair.commit_waits().await;
    pair.address.cut();
    let told = in_time("the answer", running).await.expect("no panic");
    assert!(
        matches!(told, Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. }))),
        "the standby does not have it: {told:?}"
    );
    pair.fail_over().await;
    assert_eq!(count(&pair.standby.url, command.tag).await, 0, "this proves nothing");
    accepted(&app, &command).await;
    assert_eq!(count(&pair.standby.url, command.tag).await, 1);
}

/// The event is visible on the primary and not on the standby. Another process resends the command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_resend_by_another_process_is_not_ok_before_the_standby_has_it() {
    let pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let (first, store) = app(&pair.url()).await;
    let (second, _) = app(&pair.url()).await;
    // A new connection passes a barrier of its own: each process has one before the standby is cut off.
    first.execute(Add::one(2)).await.expect("the standby answers");
    second.execute(Add::one(3)).await.expect("the standby answers");
    pair.part();
    let command = Add::one(1);
    let running = tokio::spawn(first.execute(command.clone()).id(command.tag).into_future());
    pair.commit_waits().await;
    // An operator ends the session: the event is visible from now on.
    let sql =
        "select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity where wait_event = 'SyncRep'";
    pair.primary.until("the session to be ended", sql).await;
    until("the event to be visible", async || count(&pair.primary.url, command.tag).await == 1).await;
    let told = in_time("the answer", second.execute(command.clone()).id(command.tag)).await;
    assert!(told.is_err(), "the standby does not have it: {told:?}");
    let told = in_time("the answer", running).await.expect("no panic");
    assert!(told.is_err(), "the standby does not have it: {told:?}");
    pair.join();
    accepted(&second, &command).await;
    pair.caught_up().await;
    assert_eq!(count(&pair.standby.url, command.tag).await, 1);
    drop(store);
}

/// What is not a command is held to the same: an append, a transaction of the caller, the start of
/// a saga.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_appends_transactions_and_saga_starts_are_not_ok_before_the_standby_has_them() {
    let pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let (app, store) = app(&pair.url()).await;
    let (append, own, errand) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    // A new connection of the appender would wait before it appends.
    let warm = numbered(Uuid::now_v7(), &[("tally-9".to_owned(), 0)], 1);
    store.append(warm).await.expect("the standby answers");
    pair.part();
    let appending = {
        let store = store.clone();
        async move { store.append(numbered(append, &[("tally-1".to_owned(), 0)], 1)).await }
    };
    let committing = {
        let store = store.clone();
        async move {
            let mut transaction = store.begin().await?;
            let append = numbered(own, &[("tally-2".to_owned(), 0)], 1);
            store.append_in(&mut transaction, append).await.expect("a free stream");
            store.commit(transaction).await
        }
    };
    let starting = app.start(Errand { tag: errand, tally: 3 }).into_future();
    let (appending, committing, starting) =
        (tokio::spawn(appending), tokio::spawn(committing), tokio::spawn(starting));
    let sql = "select count(*) >= 3 from pg_stat_activity where wait_event = 'SyncRep'";
    pair.primary.until("three commits to wait", sql).await;
    pair.address.cut();
    let told = in_time("the append", appending).await.expect("no panic");
    assert!(told.is_err(), "the standby does not have the append: {told:?}");
    let told = in_time("the commit", committing).await.expect("no panic");
    assert!(
        matches!(told, Err(StoreError::OutcomeUnknown { .. })),
        "the standby does not have the transaction: {told:?}"
    );
    let told = in_time("the start", starting).await.expect("no panic");
    assert!(told.is_err(), "the standby does not have the saga: {told:?}");
    pair.join();
    until("the saga to be started", async || app.start(Errand { tag: errand, tally: 3 }).await.is_ok()).await;
}

/// A standby that only comes late costs time, and no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_commit_that_waits_for_a_standby_is_ok_once_it_has_it() {
    let pair = Pair::new(Replication::Synchronous).await;
    prepare(&pair.primary.url).await;
    let store = hasty(&pair.url()).await;
    let app = postgres::app(&store).await;
    pair.part();
    let command = Add::one(1);
    let running = tokio::spawn(app.execute(command.clone()).into_future());
    pair.commit_waits().await;
    pair.join();
    let told = in_time("the answer", running).await.expect("no panic").expect("the standby has it");
    assert_eq!(told.version(), 1);
    assert_eq!(count(&pair.primary.url, command.tag).await, 1);
}
