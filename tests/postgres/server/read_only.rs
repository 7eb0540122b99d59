//! A server that is read-only, as a standby is, counts as unreachable.

use std::time::Duration;

use kenning::PostgresStore;
use kenning::store::{Append, AppendError, EventStore as _, Expect, FeedQuery, Snapshot, StoreError};
use kenning::{Payload, Version};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};

use super::super::{event, prepared, stream};
use crate::support::database;

async fn admin(url: &str) -> PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    // Of the operator, who can write whatever the default is.
    options.options([("default_transaction_read_only", "off")]).connect().await.unwrap()
}

async fn read_only(admin: &mut PgConnection, on: bool) {
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(&mut *admin).await.unwrap();
    let value = if on { "on" } else { "off" };
    let set = format!("alter database {name} set default_transaction_read_only = {value}");
    admin.execute(AssertSqlSafe(set)).await.unwrap();
}

async fn end_sessions(admin: &mut PgConnection) {
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    admin.execute(end).await.unwrap();
}

fn one(id: &str) -> Append {
    Append::to(stream(id), Expect::New, vec![event()])
}

fn options() -> kenning::PostgresOptions {
    PostgresStore::options().acquire_timeout(Duration::from_secs(1)).recovery_timeout(Duration::from_secs(1))
}

/// Fails without `server.writable`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_store_works_again_after_a_read_only_window() {
    let url = database().await;
    let store = prepared(options(), &url).await;
    store.append(one("before")).await.unwrap();
    let mut admin = admin(&url).await;
    read_only(&mut admin, true).await;
    end_sessions(&mut admin).await;
    // The appender finds its session dead and connects again.
    let mut refused = store.append(one("a")).await;
    if matches!(refused, Err(AppendError::Store(StoreError::OutcomeUnknown { .. }))) {
        // The outcome of the first could not be read back from a server that is not the primary.
        refused = store.append(one("a")).await;
    }
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    let read = store.read_feed(FeedQuery::after(0_u64)).await;
    let Err(StoreError::Unavailable(why)) = read else { panic!("{read:?}") };
    assert!(why.to_string().contains("read-only"), "{why}");
    read_only(&mut admin, false).await;
    store.append(one("b")).await.expect("the window is over");
    assert_eq!(store.read_feed(FeedQuery::after(0_u64)).await.unwrap().events.len(), 2);
}

/// A session that was opened before the server became read-only, and lives on. Fails without
/// `server.became-read-only`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_sessions_that_became_read_only_are_given_up() {
    let url = database().await;
    let store = prepared(options().max_connections(1), &url).await;
    store.append(one("before")).await.unwrap();
    let snapshot = || Snapshot {
        stream: stream("before"),
        fingerprint: 1,
        version: Version::new(1),
        state: Payload::from_stored("{}"),
    };
    // What a demotion does to a session of a pooler that keeps it.
    sqlx::query("set default_transaction_read_only = on").execute(store.pool()).await.unwrap();
    store.save_snapshot(snapshot()).await.expect("it is saved by a session that can write");
}
