//! When instances are due.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    LONG, SAGA, SHORT, Worker, done, give_up, leaving, new, outlast, record, start, wait, wanted, wanted_of,
    within, write,
};
use crate::store::{NewSaga, SagaStatus, SagaStore, SagaThen};

/// Not before, by the store's clock; also for the worker that has released it.
pub async fn what_is_released_is_claimed_when_it_is_due<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let later = worker.start(&*store, "later").await;
    give_up(&*store, &later, SagaStatus::Running, SagaThen::Release(LONG)).await;
    let years = worker.start(&*store, "years").await;
    let years_long = Duration::from_secs(20 * 365 * 24 * 3_600);
    give_up(&*store, &years, SagaStatus::Waiting, SagaThen::Release(years_long)).await;
    let soon = worker.start(&*store, "soon").await;
    let (_, released, now) =
        done(write(&*store, &leaving(&soon, SagaStatus::Waiting, SagaThen::Release(SHORT))).await);
    assert!(released);
    let due_at = record(&*store, "soon").await.due_at.expect("it has a time");
    assert!((due_at - now - SHORT).abs() < Duration::from_millis(1), "{due_at} is {SHORT:?} after {now}");
    let claims = within(async {
        loop {
            let claims = worker.ask(&*store, &[wanted(10)]).await;
            if !claims.claimed.is_empty() {
                return claims;
            }
            assert!(claims.next_due.is_some());
            wait(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(claims.now >= due_at, "it is due");
    assert_eq!(claims.claimed.len(), 1);
    assert_eq!(
        (&*claims.claimed[0].record.id, claims.claimed[0].record.status),
        ("soon", SagaStatus::Waiting)
    );
    // Milliseconds, and nothing.
    for after in [Duration::from_millis(1), Duration::ZERO] {
        let soon = record(&*store, "soon").await;
        give_up(&*store, &soon, SagaStatus::Running, SagaThen::Release(after)).await;
        wait(Duration::from_millis(10)).await;
        worker.claim_one(&*store).await;
    }
}

/// It has no time, whatever time it had before.
pub async fn what_rests_is_not_due<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let resting = worker.start(&*store, "a").await;
    give_up(&*store, &resting, SagaStatus::Waiting, SagaThen::Rest).await;
    let stored = record(&*store, "a").await;
    assert_eq!((stored.due_at, stored.owner), (None, None));
    outlast().await;
    let claims = worker.ask(&*store, &[wanted(10)]).await;
    assert_eq!((claims.claimed, claims.next_due), (vec![], None));
}

/// The time until the next instance that the worker could have: of those that nobody owns, and that it asked for.
pub async fn the_next_one_is_told<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    assert_eq!(worker.ask(&*store, &[wanted(10)]).await.next_due, None);
    let later = worker.start(&*store, "later").await;
    assert_eq!(worker.ask(&*store, &[wanted(10)]).await.next_due, None, "somebody has it");
    give_up(&*store, &later, SagaStatus::Waiting, SagaThen::Release(LONG)).await;
    let due_at = record(&*store, "later").await.due_at.expect("it has a time");
    let told = worker.ask(&*store, &[wanted(10)]).await;
    let next = told.next_due.expect("one has a time");
    let exact = Duration::try_from(due_at - told.now).expect("it is not due yet");
    assert!(next.abs_diff(exact) < Duration::from_millis(1), "{next:?}, and not {exact:?}");

    // What there was no room for is due.
    start(&*store, &new("a")).await;
    start(&*store, &new("b")).await;
    let told = worker.ask(&*store, &[wanted(1)]).await;
    assert_eq!((told.claimed.len(), told.next_due), (1, Some(Duration::ZERO)));
    let told = worker.ask(&*store, &[wanted(0)]).await;
    assert_eq!((told.claimed.len(), told.next_due), (0, Some(Duration::ZERO)));
    let told = worker.ask(&*store, &[wanted(1)]).await;
    assert!(told.claimed.len() == 1 && told.next_due.is_some_and(|next| next > Duration::ZERO), "{told:?}");

    // What it did not ask for is of no interest.
    start(&*store, &NewSaga { definition: 2, ..new("foreign") }).await;
    assert!(worker.ask(&*store, &[wanted(5)]).await.next_due > Some(Duration::ZERO));
    let nobody = wanted_of("contract-nobody", &[2], 5);
    assert_eq!(worker.ask(&*store, std::slice::from_ref(&nobody)).await.next_due, None);
    let both = worker.ask(&*store, &[nobody, wanted_of(SAGA, &[2], 0)]).await;
    assert_eq!(both.next_due, Some(Duration::ZERO), "the next of all that it asked for");
}
