//! One table takes the place of another while it is read and written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kenning::store::{ConsumerKind, ConsumerSpec, ConsumerStore as _, Select, StoreError};
use kenning::{Position, PostgresStore};
use tokio::task::JoinSet;

use super::{batch, claim, generation, live, row, spec};
use crate::postgres::store;

const ROWS: i64 = 50;

/// Readers see the rows of one generation, all of them, and always a table; a writer whose generation goes away is told so by its lease, or by an error that can be retried.
#[tokio::test(flavor = "multi_thread")]
async fn readers_and_writers_never_miss_the_table() {
    let store = store().await;
    let spec = spec(1, 1);
    let mut lease = claim(&store, generation(&store, &spec).await).await;
    assert!(batch(&store, &spec, &lease, 0, 1, all(0)).await.unwrap());
    let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        readers.spawn(read(store.clone(), Arc::clone(&over), Arc::clone(&reads)));
    }
    for round in 1..=8 {
        let writer = tokio::spawn(write(store.clone(), lease.clone(), round - 1));
        let number = store.rebuild(&spec).await.unwrap();
        let built = claim(&store, number).await;
        let mut at = 0;
        // The first swaps stop the live one; each time what it did until then is caught up with.
        while !store.swap(&built).await.unwrap() {
            let done = store.consumers().await.unwrap()[0].partitions[0].position.get();
            if done > at {
                assert!(batch(&store, &spec, &built, at, done, all(round)).await.unwrap());
                at = done;
            }
        }
        writer.await.unwrap();
        lease = claim(&store, number).await;
        assert!(lease.live && lease.position == at);
        let records = store.consumers().await.unwrap();
        assert_eq!((records.len(), records[0].generation, records[0].live), (1, number, true));
    }
    over.store(true, Ordering::Release);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    assert!(reads.load(Ordering::Acquire) > 50);
}

/// The rows of a round.
fn all(round: i64) -> Vec<kenning::read_model::Row> {
    (0..ROWS).map(|id| row(id, round)).collect()
}

async fn read(store: PostgresStore, over: Arc<AtomicBool>, reads: Arc<AtomicU64>) {
    let table = live(&spec(1, 1));
    while !over.load(Ordering::Acquire) {
        let found = store.select(&table, &Select::default()).await.expect("there is always a table");
        assert_eq!(found.len(), usize::try_from(ROWS).unwrap());
        assert!(found.iter().all(|row| row.values()[1] == found[0].values()[1]), "rows of two generations");
        reads.fetch_add(1, Ordering::AcqRel);
    }
}

/// Goes on until its lease is lost.
async fn write(store: PostgresStore, lease: kenning::store::Lease, round: i64) {
    let mut at = lease.position.get();
    loop {
        match batch(&store, &spec(1, 1), &lease, at, at + 1, all(round)).await {
            Ok(true) => at += 1,
            Ok(false) => return,
            Err(error) => {
                assert!(error.is_retryable() || matches!(error, StoreError::Refused(_)), "{error:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A projection has no table of the store's: its generations are checkpoints alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_projection_is_built_anew_without_a_table() {
    let store = store().await;
    let projection =
        |version| ConsumerSpec { kind: ConsumerKind::Projection, table: None, ..spec(version, 1) };
    let old = claim(&store, generation(&store, &projection(1)).await).await;
    assert!(store.checkpoint(&old, Position::ZERO, Position::new(3)).await.unwrap());
    let number = generation(&store, &projection(2)).await;
    let new = claim(&store, number).await;
    assert!(!store.swap(&new).await.unwrap());
    assert!(!store.checkpoint(&old, Position::new(3), Position::new(4)).await.unwrap(), "it was stopped");
    assert!(store.checkpoint(&new, Position::ZERO, Position::new(3)).await.unwrap());
    assert!(store.swap(&new).await.unwrap());
    let records = store.consumers().await.unwrap();
    assert_eq!((records.len(), records[0].version, records[0].live), (1, 2, true));
}
