//! What is written by a worker that was stopped and overtaken changes nothing.

use kenning::store::{SagaEntryKind, SagaStore as _, SagaThen, SagaWritten};

use super::{SAGA, claim, done, enlisted, new, record};
use crate::postgres::store;

/// The epoch is the only thing that tells the two apart: the log is as long as the late writer knows it. Without `s.epoch = epochs[i]` in `write_sagas` the late write is done.
#[tokio::test(flavor = "multi_thread")]
async fn p4_a_worker_that_was_overtaken_writes_nothing() {
    let store = store().await;
    assert!(store.start_saga(&new("a")).await.unwrap());
    let stopped = enlisted(&store).await;
    let late = claim(&store, &stopped, 1).await.pop().expect("it is due").record;
    sqlx::query("update kenning.saga_workers set expires_at = clock_timestamp()")
        .execute(store.pool())
        .await
        .unwrap();
    assert_eq!(store.take_over_sagas().await.unwrap(), 1);
    let other = enlisted(&store).await;
    let taken = claim(&store, &other, 1).await.pop().expect("it is due at once").record;
    assert_eq!((taken.epoch, taken.owner), (late.epoch + 2, Some(other.worker)));

    let writes = [done(&late, SagaThen::Keep)];
    assert_eq!(store.write_sagas(&writes).await.unwrap(), [SagaWritten::Lost]);
    assert_eq!(record(&store, "a").await, taken);
    assert!(store.saga(SAGA, "a").await.unwrap().unwrap().log.is_empty());
}

/// The answer to a write was lost, and it is written again. Without `s.sequence = sequences[i]` in `write_sagas` the second one fails at the key of the log.
#[tokio::test(flavor = "multi_thread")]
async fn p4_a_write_is_done_once() {
    let store = store().await;
    assert!(store.start_saga(&new("a")).await.unwrap());
    let worker = enlisted(&store).await;
    let owned = claim(&store, &worker, 1).await.pop().expect("it is due").record;
    let write = done(&owned, SagaThen::Keep);
    let [SagaWritten::Done { .. }, SagaWritten::Lost] =
        store.write_sagas(&[write.clone(), write.clone()]).await.unwrap()[..]
    else {
        panic!("the second one of a batch is not done");
    };
    assert_eq!(store.write_sagas(&[write]).await.unwrap(), [SagaWritten::Lost]);
    let whole = store.saga(SAGA, "a").await.unwrap().unwrap();
    let kinds: Vec<_> = whole.log.iter().map(|entry| (entry.sequence, entry.entry.kind)).collect();
    assert_eq!(kinds, [(1, SagaEntryKind::Intent), (2, SagaEntryKind::Done)]);
    assert_eq!(whole.record.sequence, 2);
}

/// One write that the server refuses, here for an output that is no JSON, is told to its writer; those beside it are done.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_refused_hinders_no_other() {
    let store = store().await;
    for id in ["a", "b", "c"] {
        assert!(store.start_saga(&new(id)).await.unwrap());
    }
    let worker = enlisted(&store).await;
    let owned = claim(&store, &worker, 3).await;
    let mut writes: Vec<_> = owned.iter().map(|owned| done(&owned.record, SagaThen::Keep)).collect();
    writes[1].entries[0].output = Some(kenning::Payload::from_stored("{"));
    let refused = store.write_sagas(&writes).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused:?}");
    let sequences: Vec<_> = [record(&store, "a").await, record(&store, "b").await, record(&store, "c").await]
        .iter()
        .map(|record| record.sequence)
        .collect();
    assert_eq!(sequences, [2, 0, 2]);
}
