//! A holder of leases that is stopped, and wakes up when others have them.

use std::time::Duration;

use kenning::store::EventStore;
use sqlx::PgPool;

use super::{HANG, check, filled, followed, followers};

const LEASE: Duration = Duration::from_millis(1_200);

/// It is stopped in the middle of a transaction: its handler pauses there. Another process takes over when the lease has run out, and what the sleeper does after it has
/// woken up leaves no trace. The fence in `advance.sql` alone is not what this shows: with it taken out the test passed, since the sleeper found its leases run out before its
/// transaction came to the end. The storm beside this one fails without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_24_a_stopped_holder_that_wakes_up_writes_nothing() {
    let (url, store) = filled(50, 500).await;
    let mut followers = followers(&url, 1, 20, LEASE, Duration::from_millis(20));
    followers.start().await;
    let sleeper = i64::from(followers.running[0].id().expect("it is running"));
    until(store.pool(), "the first batch", "select count(*) > 0 from seen_events").await;
    followers.signal(0, "-STOP").await;
    let before: i64 = count(store.pool(), sleeper).await;
    assert!(before < 500, "it was stopped before the end");

    followers.start().await;
    let successor = "select count(*) > 0 from seen_events where process <> (select process from seen_events order by nth limit 1)";
    until(store.pool(), "the successor's first batch", successor).await;
    followers.signal(0, "-CONT").await;
    followed(store.pool()).await;
    followers.stop().await;
    // A transaction that had been answered before the process was stopped may show up afterwards; one that the successor has done again may not: `check` counts.
    check(store.pool()).await;
    let epochs: i64 =
        sqlx::query_scalar("select max(epoch) from kenning.consumer_partitions where consumer = 'seen'")
            .fetch_one(store.pool())
            .await
            .expect("the leases can be read");
    assert!(epochs >= 2, "the lease has changed hands");
    store.close().await;
}

async fn count(pool: &PgPool, process: i64) -> i64 {
    sqlx::query_scalar("select count(*) from seen_events where process = $1")
        .bind(process)
        .fetch_one(pool)
        .await
        .expect("the rows can be counted")
}

async fn until(pool: &PgPool, what: &str, sql: &'static str) {
    let patience = tokio::time::Instant::now() + HANG;
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.expect("the database answers") {
        assert!(tokio::time::Instant::now() < patience, "waited for {what} in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
