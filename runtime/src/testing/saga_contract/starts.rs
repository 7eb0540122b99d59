//! Starting instances.

use std::sync::Arc;

use uuid::Uuid;

use super::support::{
    DEFINITION, SAGA, Worker, begin, commit, deliver, event, find, give_up, json, new, new_of, nth, record,
    rollback, start, start_all, wanted, whole, within,
};
use crate::store::{Delivery, NewSaga, SagaQuery, SagaStatus, SagaStore, SagaThen};

/// The same name and id again changes nothing, whatever else is said.
pub async fn an_instance_is_started_once<S: SagaStore>(store: Arc<S>) {
    let first = new("a");
    start(&*store, &first).await;
    let before = whole(&*store, "a").await;
    let again = NewSaga { version: 2, definition: 3, state: json("other"), ..new("a") };
    for again in [&again, &first] {
        assert!(!within(store.start_saga(again)).await.expect("it is there"));
        let mut batch = begin(&*store).await;
        let started = within(store.start_sagas(&mut batch, std::slice::from_ref(again))).await;
        assert_eq!(started.expect("it is there"), [false]);
        commit(&*store, batch).await;
    }
    assert_eq!(whole(&*store, "a").await, before);
    // What tells instances from each other is the name with the id.
    start(&*store, &new_of("contract-other", "a")).await;
    start(&*store, &new("b")).await;
    let owned = Worker::new(&*store).await.claim(&*store, 1).await;
    assert_eq!(owned.len(), 1);
    assert!(!within(store.start_saga(&new("a"))).await.expect("it is there"), "also while somebody has it");
}

/// What is given at the start is what is read, and it is due at once.
pub async fn a_start_is_kept_as_it_was_given<S: SagaStore>(store: Arc<S>) {
    let given = NewSaga {
        id: "größe/注文-\"7\" 'x'".into(),
        version: 7,
        state: crate::Payload::from_stored("{\"b\": 1.50, \"a\":\"\\u00e9 – 注文 \\\"\"}"),
        causation_id: Some(Uuid::now_v7()),
        ..new("")
    };
    start(&*store, &given).await;
    let whole = whole(&*store, &given.id).await;
    assert!(whole.log.is_empty() && whole.messages.is_empty());
    let record = whole.record;
    assert_eq!((record.instance, &record.saga, &record.id), (given.instance, &given.saga, &given.id));
    assert_eq!((record.version, record.definition, &record.state), (7, DEFINITION, &given.state));
    assert_eq!((record.correlation_id, record.causation_id), (given.correlation_id, given.causation_id));
    assert_eq!((record.status, record.step, record.reason), (SagaStatus::Running, None, None));
    assert_eq!((record.owner, record.sequence, record.messages, record.messages_seen), (None, 0, 0, 0));
    assert_eq!(record.updated_at, record.started_at);
    let claims = Worker::new(&*store).await.ask(&*store, &[wanted(1)]).await;
    assert!(record.due_at.is_some_and(|due_at| due_at <= claims.now), "{:?}", record.due_at);
    assert!(record.started_at <= claims.now);
    assert_eq!(claims.claimed.len(), 1);
}

/// Not even much later.
pub async fn what_has_ended_is_not_started_again<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, status) in [("done", SagaStatus::Completed), ("undone", SagaStatus::Compensated)] {
        let record = worker.start(&*store, id).await;
        give_up(&*store, &record, status, SagaThen::Rest).await;
        let before = whole(&*store, id).await;
        assert!(!within(store.start_saga(&new(id))).await.expect("it is there"));
        let mut batch = begin(&*store).await;
        let started = within(store.start_sagas(&mut batch, &[new(id)])).await.expect("it is there");
        assert_eq!(started, [false]);
        commit(&*store, batch).await;
        assert_eq!(whole(&*store, id).await, before);
    }
    assert_eq!(worker.claim(&*store, 10).await, []);
}

/// Each has its answer, in the order of the call; one that is named twice is new once.
pub async fn many_are_started_in_one_call<S: SagaStore>(store: Arc<S>) {
    let many: Vec<_> = (0..1_000).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many[..300]).await;
    let mut batch = begin(&*store).await;
    assert!(within(store.start_sagas(&mut batch, &[])).await.expect("none starts").is_empty());
    let mut call = many[200..].to_vec();
    call.extend([new("0999"), new("0100"), new("last")]);
    let started = within(store.start_sagas(&mut batch, &call)).await.expect("they start");
    commit(&*store, batch).await;
    let expected: Vec<_> = (200..1_000).map(|number| number >= 300).chain([false, false, true]).collect();
    assert_eq!(started, expected);
    let query = SagaQuery { saga: Some(SAGA.to_owned()), limit: 2_000, ..SagaQuery::default() };
    let stored = super::support::list(&*store, &query).await;
    assert_eq!(stored.len(), 1_001);
    let first = many.iter().zip(&stored).all(|(new, record)| new.instance == record.instance);
    assert!(first, "those that were first are there");
}

/// A transaction that is rolled back, or dropped, has started nothing, and the next one may.
pub async fn a_start_undone_leaves_nothing<S: SagaStore>(store: Arc<S>) {
    for dropped in [false, true] {
        let mut batch = begin(&*store).await;
        let started = within(store.start_sagas(&mut batch, &[new("a"), new("b")])).await;
        assert_eq!(started.expect("they start"), [true, true]);
        if dropped {
            drop(batch);
        } else {
            rollback(&*store, batch).await;
        }
    }
    assert_eq!(find(&*store, "b").await, None);
    assert_eq!(Worker::new(&*store).await.claim(&*store, 10).await, []);
    assert_eq!(deliver(&*store, &[event("b", "wait")]).await, [Delivery::Missing]);
    start(&*store, &new("a")).await;
    start_all(&*store, &[new("b")]).await;
}

/// It knows what it has started, and nobody else does before it commits.
pub async fn a_batch_sees_its_own_starts<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let mut batch = begin(&*store).await;
    let started = within(store.start_sagas(&mut batch, &[new("a"), new("a")])).await.expect("it starts");
    assert_eq!(started, [true, false]);
    assert_eq!(within(store.start_sagas(&mut batch, &[new("a")])).await.expect("it is there"), [false]);
    let deliveries = [event("a", "wait"), event("b", "wait")];
    let delivered = within(store.deliver_to_sagas(&mut batch, &deliveries)).await.expect("one is left");
    assert_eq!(delivered, [Delivery::Left, Delivery::Missing]);
    assert_eq!(find(&*store, "a").await, None);
    assert_eq!(worker.claim(&*store, 10).await, []);
    commit(&*store, batch).await;
    let stored = record(&*store, "a").await;
    assert_eq!((stored.messages, stored.messages_seen), (1, 0));
    assert_eq!(worker.claim_one(&*store).await.instance, stored.instance);
}
