//! Consumers in processes of their own, which are killed, stopped and replaced, and what has become of their tables.

mod rebuild;
mod server;
mod stopped;
mod storm;

use std::time::Duration;

use sqlx::PgPool;

use crate::support::{Processes, database};
use kenning::PostgresStore;
use kenning::store::EventStore;
use kenning_tests::meters::{by_hand, by_place, create_seen, fill, stored};

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(180);

/// A database with so many events of so many meters, and nobody who follows them.
async fn filled(meters: u32, events: u64) -> (String, PostgresStore) {
    let url = database().await;
    let store = PostgresStore::connect(&url).await.expect("the database answers");
    store.prepare().await.expect("the store can be prepared");
    create_seen(store.pool()).await;
    fill(&store, meters, events).await.expect("the events are stored");
    (url, store)
}

/// Followers of one database, none of which runs yet.
fn followers(url: &str, partitions: u16, batch: usize, lease: Duration, pause: Duration) -> Processes {
    let arguments = [
        url.to_owned(),
        partitions.to_string(),
        batch.to_string(),
        lease.as_millis().to_string(),
        pause.as_millis().to_string(),
    ];
    Processes::new(env!("CARGO_BIN_EXE_follower"), arguments.to_vec())
}

/// Waits until everything that is stored has been followed by everybody.
async fn followed(pool: &PgPool) {
    let sql = "select coalesce(bool_and(p.position >= (select max(position) from kenning.events)) and count(distinct p.consumer) = 3, false) \
               from kenning.consumer_partitions p";
    let patience = tokio::time::Instant::now() + HANG;
    loop {
        let done: bool = sqlx::query_scalar(sql).fetch_one(pool).await.expect("the checkpoints can be read");
        if done {
            return;
        }
        assert!(tokio::time::Instant::now() < patience, "the consumers do not come to the end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Compares each table with what a fold by hand makes of the stored events, and what was seen with what is stored.
async fn check(pool: &PgPool) {
    let events = stored(pool).await;
    let rows: Vec<(i64, String, i64, i64, i64)> = sqlx::query_as(
        "select meter, place, readings, units, trail from kenning.meter_summaries order by meter",
    )
    .fetch_all(pool)
    .await
    .expect("the rows can be read");
    assert!(rows == by_hand(&events), "the rows of the meters are not those of a fold by hand");
    let rows: Vec<(String, i64, i64, i64)> =
        sqlx::query_as("select place, readings, units, trail from kenning.place_totals order by place")
            .fetch_all(pool)
            .await
            .expect("the rows can be read");
    assert_eq!(rows, by_place(&events));
    let seen: Vec<(String, i64)> = sqlx::query_as("select stream, version from seen_events order by nth")
        .fetch_all(pool)
        .await
        .expect("rows");
    assert_eq!(seen.len(), events.len(), "every event is seen once");
    let mut last = std::collections::HashMap::new();
    for (stream, version) in seen {
        let before = last.insert(stream.clone(), version).unwrap_or(0);
        assert_eq!(version, before + 1, "{stream} is seen in order");
    }
}
