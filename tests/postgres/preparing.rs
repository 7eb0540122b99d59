//! Migrations, and servers and schemas that are refused.

use std::time::Duration;

use kenning::store::{Append, EventStore as _, Expect, StoreError};
use kenning::{PostgresOptions, PostgresStore};
use sqlx::Connection as _;
use sqlx::migrate::Migrate as _;
use tokio::task::JoinSet;

use super::{event, prepared, stream};
use crate::support::database;

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_once() {
    let url = database().await;
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        starting.spawn(async move { prepared(PostgresStore::options().max_connections(2), &url).await });
    }
    let mut stores = Vec::new();
    while let Some(store) = starting.join_next().await {
        stores.push(store.unwrap());
    }
    for (nth, store) in stores.iter().enumerate() {
        store.append(Append::to(stream(nth), Expect::New, vec![event()])).await.unwrap();
    }
}

/// Without `set_ignore_missing`, the release before the last one does not start again after a deploy.
#[tokio::test(flavor = "multi_thread")]
async fn p12_an_older_release_starts_on_the_schema_of_a_newer_one() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    let newer = "insert into kenning._sqlx_migrations values (99999, 'of tomorrow', now(), true, '', 0)";
    sqlx::query(newer).execute(store.pool()).await.unwrap();
    store.prepare().await.unwrap();
    store.append(Append::to(stream(1), Expect::New, vec![event()])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_a_schema_that_names_a_newer_oldest_release_refuses_this_one() {
    let url = database().await;
    let store = prepared(PostgresStore::options(), &url).await;
    let raise = "update kenning.schema_release set compatible_from = 99999";
    sqlx::query(raise).execute(store.pool()).await.unwrap();
    for _ in 0..2 {
        let Err(StoreError::Unsuitable(why)) = store.prepare().await else { panic!("it was not refused") };
        assert!(why.contains("needs one that knows migration 99999"), "{why}");
        assert!(why.contains("Run the newer release"), "{why}");
    }
    let lower = "update kenning.schema_release set compatible_from = 0";
    sqlx::query(lower).execute(store.pool()).await.unwrap();
    prepared(PostgresStore::options(), &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_prepared_says_so() {
    let url = database().await;
    let named = PostgresStore::options().schema("no-such\"name").connect(&url).await;
    assert!(matches!(named.map(drop), Err(StoreError::Unsuitable(_))));
    let bad = PostgresStore::connect("postgres://user:secret@[").await.map(drop).unwrap_err();
    assert!(!format!("{bad:?} {bad}").contains("secret"));

    let store = PostgresStore::connect(&url).await.unwrap();
    assert!(!format!("{store:?}").contains("postgres:"), "{store:?}");
    let append = store.append(Append::to(stream(1), Expect::New, vec![event()])).await;
    let error = append.unwrap_err();
    assert!(error.to_string().contains("Call `build`, or `prepare` of the store"), "{error:?}");
}

/// Without `set statement_timeout = 0`, a process that waits while another one migrates, or whose
/// own migration rewrites a large table, does not start: "canceling statement due to statement
/// timeout".
#[tokio::test(flavor = "multi_thread")]
async fn p12_a_migration_may_take_longer_than_a_statement() {
    let url = database().await;
    let mut other = sqlx::PgConnection::connect(&url).await.unwrap();
    other.lock().await.unwrap();
    let options = || PostgresOptions::default().statement_timeout(Duration::from_millis(300));
    let waits = tokio::spawn({
        let url = url.clone();
        async move { prepared(options(), &url).await }
    });
    let asks = "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = \
                (select oid from pg_database where datname = current_database())";
    // Longer than a statement, and than one wait for a lock.
    let began = std::time::Instant::now();
    let mut waited = 0;
    while began.elapsed() < Duration::from_secs(3) {
        waited += sqlx::query_scalar::<_, i64>(asks).fetch_one(&mut other).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(waited > 0, "it waits for the lock");
    assert!(!waits.is_finished());
    other.unlock().await.unwrap();
    let store = waits.await.unwrap();
    // The session has its own timeouts again.
    for _ in 0..16 {
        let timeouts = "select current_setting('statement_timeout') || current_setting('lock_timeout')";
        let found: String = sqlx::query_scalar(timeouts).fetch_one(store.pool()).await.unwrap();
        assert_eq!(found, "300ms0");
    }
}
