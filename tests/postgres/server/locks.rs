//! The guard that keeps the feed behind open transactions: one for a transaction, and of one schema.

use kenning::PostgresStore;
use kenning::store::{Append, EventStore as _, Expect, FeedQuery, TransactionalStore as _};
use sqlx::Executor as _;

use super::super::{event, prepared, store, stream};
use crate::support::{PrivateServer, database};

fn one(id: impl ToString) -> Append {
    Append::to(stream(id), Expect::New, vec![event()])
}

fn two(id: &str) -> Append {
    let event_each = || vec![event()];
    Append::to(stream(format!("{id}-1")), Expect::New, event_each()).and(
        stream(format!("{id}-2")),
        Expect::Any,
        event_each(),
    )
}

const GUARDS: &str = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";

/// Fails without `server.one-guard`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p1_a_transaction_of_20000_appends_fits_the_locks_of_a_default_server() {
    let server = PrivateServer::start();
    // The default, with the few sessions that `tests/postgres-server` allows for 300.
    let store = prepared(PostgresStore::options(), &server.url).await;
    let mut transaction = store.begin().await.unwrap();
    for nth in 0..10_000_u64 {
        store.append_in(&mut transaction, one(nth)).await.unwrap();
        store.append_in(&mut transaction, two(&format!("t{nth}"))).await.unwrap();
    }
    let guards: i64 = sqlx::query_scalar(GUARDS).fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(guards, 1);
    store.commit(transaction).await.unwrap();
    let page = store.read_feed(FeedQuery::after(29_990_u64)).await.unwrap();
    assert_eq!(page.events.len(), 10);
}

/// A savepoint that is rolled back takes its guard with it. Fails without
/// `server.guard-of-transaction`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p1_an_append_after_a_savepoint_was_rolled_back_is_guarded_again() {
    let store = store().await;
    store.append(one("first")).await.unwrap();
    for (id, appends) in [("alone", one as fn(&'static str) -> Append), ("several", |id| two(id))] {
        let mut transaction = store.pool().begin().await.unwrap();
        transaction.execute("savepoint a").await.unwrap();
        store.append_in(&mut transaction, appends("lost")).await.unwrap();
        transaction.execute("rollback to savepoint a").await.unwrap();
        let guards: i64 = sqlx::query_scalar(GUARDS).fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(guards, 0);
        store.append_in(&mut transaction, appends(id)).await.unwrap();
        // Others draw after it and commit before it.
        let others = store.append(one(format!("other-{id}"))).await.unwrap();
        let last = others.streams[0].positions[0];
        let before = store.read_feed(FeedQuery::after(0_u64)).await.unwrap();
        assert!(before.through < last, "the feed waits for the open transaction");
        transaction.commit().await.unwrap();
        let seen = store.read_feed(FeedQuery::after(before.through)).await.unwrap();
        assert_eq!(seen.through, last);
        assert!(seen.events.len() >= 2, "both are seen: {:?}", seen.events);
    }
}

/// These two names have one tag of 15 bits. Fails without `server.own-sequence`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p1_a_schema_with_the_same_tag_does_not_stall_the_feed() {
    let url = database().await;
    let ours = prepared(PostgresStore::options().schema("tenant_38"), &url).await;
    let theirs = prepared(PostgresStore::options().schema("tenant_173"), &url).await;
    let mut open = theirs.pool().begin().await.unwrap();
    theirs.append_in(&mut open, one("open")).await.unwrap();
    ours.append(one(1)).await.unwrap();
    // A gap makes the reader look at the locks.
    ours.pool().execute("select nextval('tenant_38.event_positions')").await.unwrap();
    ours.append(one(2)).await.unwrap();
    let page = ours.read_feed(FeedQuery::after(0_u64)).await.unwrap();
    assert_eq!(page.events.len(), 2);
    assert_eq!(ours.health().await.unwrap().lag_positions(), 0);
    // Its own open transactions hold each of them back as before.
    theirs.append(one(3)).await.unwrap();
    assert_eq!(theirs.read_feed(FeedQuery::after(0_u64)).await.unwrap().events.len(), 0);
    assert_eq!(theirs.health().await.unwrap().lag_positions(), 2);
}
