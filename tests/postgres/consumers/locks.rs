//! Nothing waits for a process that was stopped, and nothing slips between two statements.

use std::time::Duration;

use kenning::store::ConsumerStore as _;
use kenning::{Position, PostgresStore};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{KIND, LONG, ask, claim, generation, row, rows, spec, table_of, upserts};
use crate::postgres::{prepared, store};
use crate::support::database;

const SHORT: Duration = Duration::from_millis(300);

/// What SIGSTOP between the checkpoint and the commit leaves behind: an open transaction that has locked its partition and its rows. The server ends it, another worker takes over
/// from the old checkpoint, writes the same row, and what the stopped one does after it wakes up is nothing. Without the timeout in `begin_batch` the new
/// holder waits for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn p4_trap_24_a_stopped_batch_is_ended_and_writes_nothing() {
    let store = store().await;
    let spec = spec(1, 1);
    let generation = generation(&store, &spec).await;
    let stopped = ask(&store, Uuid::now_v7(), generation, &[], SHORT).await.remove(0);
    let mut open = store.begin_batch(KIND, SHORT).await.unwrap();
    let table = table_of(&spec, &stopped);
    store.write_rows(&mut open, &table, upserts(vec![row("a", 1)])).await.unwrap();
    assert!(store.advance(&mut open, &stopped, Position::ZERO, Position::new(1)).await.unwrap());

    let lease = tokio::time::timeout(Duration::from_secs(20), claim(&store, generation)).await.unwrap();
    assert_eq!((lease.position, lease.epoch), (Position::ZERO, stopped.epoch + 1));
    assert!(super::batch(&store, &spec, &lease, 0, 1, vec![row("a", 2)]).await.unwrap());
    assert!(store.commit_batch(open).await.is_err());
    assert!(!store.checkpoint(&stopped, Position::ZERO, Position::new(1)).await.unwrap());
    assert_eq!(rows(&store, &spec).await, [row("a", 2)]);
}

/// Who asks for leases waits for no row: a partition that its own batch has locked is still held, and is prolonged by the batch itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_under_way_keeps_its_lease() {
    let store = store().await;
    let generation = generation(&store, &spec(1, 3)).await;
    let worker = Uuid::now_v7();
    let held = ask(&store, worker, generation, &[], LONG).await;
    assert_eq!(held.len(), 3);
    let until = async |store: &PostgresStore| -> Vec<time::OffsetDateTime> {
        let until = "select expires_at from kenning.consumer_partitions order by partition";
        sqlx::query_scalar(until).fetch_all(store.pool()).await.unwrap()
    };
    let before = until(&store).await;
    let mut batch = store.begin_batch(KIND, LONG).await.unwrap();
    assert!(store.advance(&mut batch, &held[1], Position::ZERO, Position::new(1)).await.unwrap());
    let again = tokio::time::timeout(Duration::from_secs(20), ask(&store, worker, generation, &held, LONG));
    assert_eq!(again.await.expect("it does not wait"), held);
    let during = until(&store).await;
    assert!(during[0] > before[0] && during[1] == before[1] && during[2] > before[2]);
    store.commit_batch(batch).await.unwrap();
    assert!(until(&store).await[1] > during[1]);
}

/// Every moment at which a consumer is paused while its workers ask for leases: afterwards nobody has one. Without the shared lock in the statement one of the first
/// dozen pauses left partitions with a worker.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_leaves_nobody_a_lease() {
    let url = database().await;
    let store = prepared(PostgresStore::options(), &url).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(prepared(PostgresStore::options(), &url).await);
    }
    let generation = generation(&store, &spec(1, 8)).await;
    for _ in 0..60 {
        let mut asking = JoinSet::new();
        for store in others.iter().chain(&others) {
            let store = store.clone();
            asking.spawn(async move { ask(&store, Uuid::now_v7(), generation, &[], LONG).await.len() });
        }
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..3_000))).await;
        assert!(store.pause("things", true).await.unwrap());
        let records = store.consumers().await.unwrap();
        assert!(records[0].partitions.iter().all(|partition| partition.worker.is_none()), "{records:?}");
        while let Some(asked) = asking.join_next().await {
            asked.unwrap();
        }
        let records = store.consumers().await.unwrap();
        assert!(records[0].partitions.iter().all(|partition| partition.worker.is_none()), "{records:?}");
        assert!(store.pause("things", false).await.unwrap());
        sqlx::query("delete from kenning.consumer_workers").execute(store.pool()).await.unwrap();
    }
}

/// Eight processes that start at once, then eight of the next release.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_open_at_once_make_one_consumer() {
    let url = database().await;
    let mut stores = Vec::new();
    for _ in 0..8 {
        stores.push(prepared(PostgresStore::options().max_connections(2), &url).await);
    }
    for (version, live) in [(1, true), (2, false)] {
        let mut opening = JoinSet::new();
        for store in stores.clone() {
            opening.spawn(async move { store.open_consumer(&spec(version, 2)).await.unwrap() });
        }
        while let Some(opened) = opening.join_next().await {
            let opened = opened.unwrap();
            assert_eq!((opened.generation, opened.live), (Some(version), live));
        }
    }
    let records = stores[0].consumers().await.unwrap();
    assert_eq!(records.iter().map(|record| record.generation).collect::<Vec<_>>(), [1, 2]);
}

/// Handlers that have all connections of the pool keep nobody from renewing leases. With leases renewed on the pool's connections this waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_while_the_pool_is_empty() {
    let store = prepared(PostgresStore::options().max_connections(2), &database().await).await;
    let generation = generation(&store, &spec(1, 2)).await;
    let worker = Uuid::now_v7();
    let held = ask(&store, worker, generation, &[], LONG).await;
    let mut open = Vec::new();
    for lease in &held {
        let mut batch = store.begin_batch(KIND, LONG).await.unwrap();
        assert!(store.advance(&mut batch, lease, Position::ZERO, Position::new(1)).await.unwrap());
        open.push(batch);
    }
    let renewed = async {
        assert_eq!(store.consumers().await.unwrap().len(), 1);
        ask(&store, worker, generation, &held, LONG).await
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), renewed).await.expect("it does not wait"), held);
    store.release(worker).await.unwrap();
}

/// Workers that come and go end up with equal shares, and each partition has one of them.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_left_without_a_share() {
    let store = store().await;
    let generation = generation(&store, &spec(1, 8)).await;
    let mut workers: Vec<(Uuid, Vec<_>)> = Vec::new();
    for count in 1..=5_usize {
        workers.push((Uuid::now_v7(), Vec::new()));
        for _ in 0..3 {
            for (worker, held) in &mut workers {
                *held = ask(&store, *worker, generation, held, LONG).await;
            }
        }
        let mut partitions: Vec<_> =
            workers.iter().flat_map(|(_, held)| held).map(|held| held.partition).collect();
        partitions.sort_unstable();
        assert_eq!(partitions, (0..8).collect::<Vec<_>>());
        for (_, held) in &workers {
            assert!((8 / count..=8_usize.div_ceil(count)).contains(&held.len()), "{count}: {}", held.len());
        }
    }
    let settled: Vec<_> = workers.iter().map(|(_, held)| held.clone()).collect();
    for ((worker, held), settled) in workers.iter().zip(&settled) {
        assert_eq!(
            &ask(&store, *worker, generation, held, LONG).await,
            settled,
            "nothing moves without need"
        );
    }
}
