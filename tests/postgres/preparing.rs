//! Migrations, and servers and schemas that are refused.

use kenning::PostgresStore;
use kenning::store::{Append, EventStore as _, Expect, StoreError};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_a_newer_release_is_refused() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    let newer = "insert into kenning._sqlx_migrations values (999, 'of tomorrow', now(), true, '', 0)";
    sqlx::query(newer).execute(store.pool()).await.unwrap();
    assert!(
        matches!(store.prepare().await, Err(StoreError::Unsuitable(why)) if why.contains("newer release"))
    );
    // It has not kept its lock.
    assert!(store.prepare().await.is_err());
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
    assert!(append.unwrap_err().to_string().contains("prepared"));
}
