//! Forgetting instances that have ended.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    DEFINITION, LONG, SAGA, Worker, deliver, early, event, find, give_up, list, new, new_of, outlast, record,
    request, start, start_all, within, write,
};
use crate::store::{
    Delivery, NewSaga, SagaDefinitionRecord, SagaForgotten, SagaQuery, SagaRequest, SagaStatus, SagaStore,
    SagaThen, SagaWrite,
};

async fn prune<S: SagaStore>(store: &S, age: Duration, most: u32) -> u64 {
    within(store.prune_sagas(age, most)).await.expect("it can be pruned")
}

async fn forget<S: SagaStore>(store: &S, id: &str) -> SagaForgotten {
    within(store.forget_saga(SAGA, id)).await.expect("it can be forgotten")
}

async fn counts<S: SagaStore>(store: &S) -> u64 {
    within(store.count_sagas()).await.expect("they can be counted").iter().map(|(.., count)| count).sum()
}

/// Starts instances of which one is in each status, and says what those are called that have ended.
async fn one_of_each<S: SagaStore>(store: &S, worker: &Worker) -> [&'static str; 2] {
    for status in SagaStatus::ALL {
        let record = worker.start(store, status.as_str()).await;
        let done = super::support::step_done(&record, "reserve");
        super::support::done(write(store, &done).await);
        let then = if status.is_end() { SagaThen::Keep } else { SagaThen::Release(LONG) };
        give_up(store, &super::support::record(store, status.as_str()).await, status, then).await;
    }
    ["completed", "compensated"]
}

/// Whatever has not ended stays, however old it is.
pub async fn what_ended_long_ago_is_forgotten<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let ended = one_of_each(&*store, &worker).await;
    assert_eq!(prune(&*store, LONG, 100).await, 0, "nothing is that old");
    outlast().await;
    start(&*store, &new("young")).await;
    let young = worker.claim_one(&*store).await;
    give_up(&*store, &young, SagaStatus::Completed, SagaThen::Keep).await;
    let age = Duration::from_millis(250);
    assert_eq!(prune(&*store, age, 1).await, 1, "no more than was said");
    assert_eq!(prune(&*store, age, 100).await, 1);
    assert_eq!(prune(&*store, age, 100).await, 0);
    for id in ended {
        assert_eq!(find(&*store, id).await, None);
    }
    for id in ["running", "waiting", "compensating", "parked", "young"] {
        assert!(find(&*store, id).await.is_some(), "{id}");
    }
    assert_eq!(counts(&*store).await, 5);
    assert_eq!(list(&*store, &SagaQuery { limit: 10, ..SagaQuery::default() }).await.len(), 5);
}

/// Its log and its messages are not those of the one before.
pub async fn a_forgotten_id_starts_a_new_instance<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    one_of_each(&*store, &worker).await;
    assert!(request(&*store, "completed", SagaRequest::Retry).await);
    assert_eq!(prune(&*store, Duration::ZERO, 100).await, 2);
    for id in ["completed", "compensated"] {
        let again = NewSaga { instance: uuid::Uuid::now_v7(), ..new(id) };
        start(&*store, &again).await;
        let claimed = worker.claim(&*store, 1).await.remove(0);
        assert_eq!((claimed.record.instance, claimed.record.sequence), (again.instance, 0));
        assert_eq!((claimed.log.len(), claimed.messages.len()), (0, 0), "{claimed:?}");
        assert_eq!(claimed.record.epoch, 1);
    }
    // A write of the one before, which comes late, changes nothing.
    let late = SagaWrite {
        instance: uuid::Uuid::nil(),
        ..super::support::writing(&record(&*store, "completed").await)
    };
    assert_eq!(write(&*store, &late).await, crate::store::SagaWritten::Lost);
}

/// Events that were kept for an instance which never came.
pub async fn kept_events_are_forgotten<S: SagaStore>(store: Arc<S>) {
    assert_eq!(deliver(&*store, &[early("a", "wait"), early("b", "wait")]).await, [Delivery::Kept; 2]);
    start(&*store, &new("b")).await;
    assert_eq!(prune(&*store, LONG, 100).await, 0);
    outlast().await;
    assert_eq!(deliver(&*store, &[early("c", "wait")]).await, [Delivery::Kept]);
    assert!(prune(&*store, Duration::from_millis(250), 100).await >= 1);
    for (id, messages) in [("a", 0), ("c", 1)] {
        start(&*store, &new(id)).await;
        assert_eq!(record(&*store, id).await.messages, messages, "{id}");
    }
    assert_eq!(record(&*store, "b").await.messages, 1, "it is there, and so is its event");
    // What comes for one that was forgotten is kept as before.
    assert_eq!(
        deliver(&*store, &[early("a", "wait"), event("d", "wait")]).await,
        [Delivery::Left, Delivery::Missing]
    );
}

/// One by one, whatever their age.
pub async fn an_ended_instance_is_forgotten_on_request<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let ended = one_of_each(&*store, &worker).await;
    for status in SagaStatus::ALL {
        let id = status.as_str();
        let (expected, stays) = if ended.contains(&id) {
            (SagaForgotten::Forgotten, false)
        } else {
            (SagaForgotten::NotEnded, true)
        };
        assert_eq!(forget(&*store, id).await, expected, "{id}");
        assert_eq!(find(&*store, id).await.is_some(), stays, "{id}");
    }
    assert_eq!(forget(&*store, "completed").await, SagaForgotten::Missing);
    assert_eq!(counts(&*store).await, 4);
    assert_eq!(deliver(&*store, &[early("x", "wait")]).await, [Delivery::Kept]);
    assert_eq!(forget(&*store, "x").await, SagaForgotten::Forgotten);
    assert_eq!(forget(&*store, "x").await, SagaForgotten::Missing);
    // The same id of another saga is another instance.
    start_all(&*store, &[new_of("contract-other", "completed")]).await;
    assert_eq!(forget(&*store, "completed").await, SagaForgotten::Missing);
}

/// Definitions stay while an instance follows them or a worker runs them.
pub async fn definitions_of_nothing_are_forgotten<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for definition in [DEFINITION, 2, 3] {
        let saved = SagaDefinitionRecord {
            saga: SAGA.to_owned(),
            version: 1,
            definition,
            description: "{}".to_owned(),
            live: false,
        };
        within(store.save_saga_definition(&saved)).await.expect("it is kept");
    }
    start(&*store, &NewSaga { definition: 2, ..new("a") }).await;
    outlast().await;
    prune(&*store, LONG, 10).await;
    let left = async || {
        let known = within(store.saga_definitions(SAGA)).await.expect("they can be read");
        let mut known: Vec<_> = known.iter().map(|one| one.definition).collect();
        known.sort_unstable();
        known
    };
    assert_eq!(left().await, [2, 3, DEFINITION], "nothing is that old");
    prune(&*store, Duration::from_millis(250), 10).await;
    assert_eq!(left().await, [2, DEFINITION]);
    worker.retire(&*store).await;
    prune(&*store, Duration::from_millis(250), 10).await;
    assert_eq!(left().await, [2]);
}
