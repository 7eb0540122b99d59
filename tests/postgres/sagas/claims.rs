//! What becomes of claims whose answers are lost.

use std::time::Duration;

use kenning::store::{SagaStore as _, SagaThen};

use super::{claim, claim_of, done, enlisted, new};
use crate::postgres::store;

/// The instance has its owner, which lives and does not know of it: no worker would ever take it over.
/// Fails without `sagas.lost-claims`: see tests/guards.
#[tokio::test]
async fn a_claim_without_an_answer_leaves_nothing_behind() {
    let store = store().await;
    assert!(store.start_saga(&new("a")).await.unwrap());
    let worker = enlisted(&store).await;
    let first = claim(&store, &worker, 1).await.pop().expect("it is due").record;
    store.write_sagas(&[done(&first, SagaThen::Release(Duration::ZERO))]).await.unwrap();

    // The claim is done, and the answer waits for the log.
    let mut locking = store.pool().begin().await.unwrap();
    sqlx::raw_sql("lock table kenning.saga_log").execute(&mut *locking).await.unwrap();
    let claim_of = claim_of(&worker, 1);
    let given_up = tokio::time::timeout(Duration::from_millis(500), store.claim_sagas(&claim_of)).await;
    assert!(given_up.is_err());
    locking.rollback().await.unwrap();
    let owner: Option<uuid::Uuid> =
        sqlx::query_scalar("select owner from kenning.sagas").fetch_one(store.pool()).await.unwrap();
    assert_eq!(owner, Some(worker.worker));

    // Nothing bounds when a claim commits: a lost one is remembered for as long as its worker lives.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    tokio::time::resume();
    let again = claim(&store, &worker, 1).await.pop().expect("it is due again");
    assert_eq!((again.record.epoch, again.log.len()), (first.epoch + 3, 2));
    assert!(claim(&store, &worker, 1).await.is_empty(), "it has its owner");
}
