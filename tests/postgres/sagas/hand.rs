//! Instances that a worker gets together with their starts and with events for them.

use std::sync::Arc;
use std::time::Duration;

use kenning::PostgresStore;
use kenning::store::{
    ConsumerKind, ConsumerStore as _, NewDelivery, SagaAdvance, SagaDeliveries, SagaEntryKind, SagaHand,
    SagaStart, SagaStarted, SagaStatus, SagaStore as _, SagaThen, SagaWorker, SagaWrite, SagaWritten,
    TransactionalStore as _,
};
use uuid::Uuid;

use super::{LONG, SAGA, claim, done, enlisted, entry, event, new, record, worker};
use crate::postgres::store;

fn hand(worker: &SagaWorker) -> SagaHand {
    SagaHand { worker: worker.worker, claim: Uuid::now_v7() }
}

/// The first write to an instance: its first step is begun.
fn first(then: SagaThen) -> SagaWrite {
    SagaWrite {
        instance: Uuid::nil(),
        epoch: 0,
        sequence: 0,
        entries: vec![entry(SagaEntryKind::Intent)],
        status: if then == SagaThen::Keep { SagaStatus::Running } else { SagaStatus::Waiting },
        step: Some("charge".into()),
        reason: None,
        messages_seen: 0,
        migration: None,
        then,
    }
}

fn begun(id: &str, then: SagaThen) -> SagaStart {
    SagaStart { saga: new(id), first: Some(first(then)) }
}

/// An instance that waits: it has an entry, and no owner.
async fn waiting(store: &PostgresStore, worker: &SagaWorker, id: &str) {
    let started = store.start_sagas_for(hand(worker), &[begun(id, SagaThen::Rest)]).await.unwrap();
    assert_eq!(started.each, [SagaStarted::Resting { messages: 0 }]);
}

async fn advance(id: &str, store: &PostgresStore, then: SagaThen) -> SagaAdvance {
    let record = record(store, id).await;
    let write = SagaWrite { messages_seen: record.messages + 1, ..done(&record, then) };
    SagaAdvance { saga: SAGA.into(), id: id.into(), write }
}

async fn deliver(
    store: &PostgresStore,
    hand: SagaHand,
    deliveries: &[NewDelivery],
    advances: &[SagaAdvance],
    commits: bool,
) -> SagaDeliveries {
    let mut transaction = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
    let keys: Vec<(Arc<str>, Arc<str>)> =
        deliveries.iter().map(|one| (Arc::clone(&one.saga), Arc::clone(&one.id))).collect();
    store.hold_sagas(&mut transaction, &keys).await.unwrap();
    let delivered = store.deliver_to_sagas_for(&mut transaction, hand, deliveries, advances).await.unwrap();
    if commits {
        store.commit(transaction).await.unwrap();
    } else {
        store.rollback(transaction).await.unwrap();
    }
    delivered
}

/// Meant to fail with the epoch 0 in `start_sagas_for`: the write of its owner was lost.
#[tokio::test]
async fn p5_a_start_gives_the_instance_to_the_worker_with_its_first_entries() {
    let store = store().await;
    let worker = enlisted(&store).await;
    let starts = [
        begun("given", SagaThen::Keep),
        SagaStart { saga: new("due"), first: None },
        begun("later", SagaThen::Release(Duration::from_secs(600))),
    ];
    let started = store.start_sagas_for(hand(&worker), &starts).await.unwrap();
    let expected =
        [SagaStarted::Given { messages: 0 }, SagaStarted::Due, SagaStarted::Resting { messages: 0 }];
    assert_eq!(started.each, expected);

    let given = store.saga(SAGA, "given").await.unwrap().unwrap();
    assert_eq!((given.record.owner, given.record.due_at), (Some(worker.worker), None));
    assert_eq!((given.record.epoch, given.record.sequence, given.log.len()), (1, 1, 1));
    assert_eq!(given.log[0].entry, entry(SagaEntryKind::Intent));
    assert_eq!(given.record.started_at, started.now);
    let due = record(&store, "due").await;
    assert_eq!((due.owner, due.epoch, due.sequence, due.due_at), (None, 0, 0, Some(started.now)));
    let later = record(&store, "later").await;
    assert_eq!((later.owner, later.status, later.sequence), (None, SagaStatus::Waiting, 1));
    assert_eq!(later.due_at, Some(started.now + Duration::from_secs(600)));

    // It is no one else's, and its owner writes to it.
    assert_eq!(claim(&store, &enlisted(&store).await, 10).await.len(), 1);
    let written = store.write_sagas(&[done(&given.record, SagaThen::Keep)]).await.unwrap();
    assert!(matches!(written[0], SagaWritten::Done { .. }));
    // Started again, it stays as it is.
    let again = store.start_sagas_for(hand(&worker), &[begun("given", SagaThen::Keep)]).await.unwrap();
    assert_eq!(again.each, [SagaStarted::Existing]);
    assert_eq!(record(&store, "given").await.sequence, 3);
}

/// An intent without an attempt would count as one. Meant to fail without `alive` at the entries.
#[tokio::test]
async fn p5_a_worker_without_a_lease_is_given_nothing() {
    let store = store().await;
    let (living, unknown) = (enlisted(&store).await, worker());
    let started = store.start_sagas_for(hand(&unknown), &[begun("a", SagaThen::Keep)]).await.unwrap();
    assert_eq!(started.each, [SagaStarted::Due]);
    let a = store.saga(SAGA, "a").await.unwrap().unwrap();
    assert_eq!((a.record.owner, a.record.sequence, a.log.len()), (None, 0, 0));

    waiting(&store, &living, "b").await;
    let keep = advance("b", &store, SagaThen::Keep).await;
    let delivered = deliver(&store, hand(&unknown), &[event("b", false)], &[keep], true).await;
    assert_eq!(delivered.advanced, [false]);
    let b = store.saga(SAGA, "b").await.unwrap().unwrap();
    assert_eq!((b.record.owner, b.record.messages, b.record.messages_seen, b.log.len()), (None, 1, 0, 1));
    assert!(b.record.due_at.is_some());
}

/// One update for the event, what follows from it, and the claim.
#[tokio::test]
async fn p5_an_event_gives_the_instance_to_the_worker_with_what_follows() {
    let store = store().await;
    let worker = enlisted(&store).await;
    waiting(&store, &worker, "a").await;
    waiting(&store, &worker, "b").await;
    let advances = [advance("a", &store, SagaThen::Keep).await, advance("b", &store, SagaThen::Rest).await];
    let events = [event("a", false), event("b", false), event("missing", false)];
    let delivered = deliver(&store, hand(&worker), &events, &advances, true).await;
    assert_eq!(delivered.advanced, [true, true]);

    let a = store.saga(SAGA, "a").await.unwrap().unwrap();
    assert_eq!((a.record.owner, a.record.epoch, a.record.due_at), (Some(worker.worker), 1, None));
    assert_eq!((a.record.sequence, a.log.len(), a.messages.len()), (3, 3, 1));
    assert_eq!((a.record.messages, a.record.messages_seen), (1, 1));
    let b = record(&store, "b").await;
    assert_eq!((b.owner, b.epoch, b.sequence, b.due_at, b.messages_seen), (None, 0, 3, None, 1));
    let written = store.write_sagas(&[done(&a.record, SagaThen::Keep)]).await.unwrap();
    assert!(matches!(written[0], SagaWritten::Done { released: false, .. }));
    let mut counts = store.count_sagas().await.unwrap();
    counts.sort();
    // Meant to fail without `counted`: two were waiting.
    assert_eq!(counts, [(SAGA.to_owned(), SagaStatus::Running, 2)]);
    let shelves: Vec<(String, Option<String>)> =
        sqlx::query_as("select shelf, rest_step from kenning.sagas order by id")
            .fetch_all(store.pool())
            .await
            .unwrap();
    let expected = [("owned".to_owned(), None), ("running".to_owned(), Some("charge".to_owned()))];
    assert_eq!(shelves, expected);
}

/// What the writer does not know makes the instance due, and is not overwritten. Meant to fail
/// without each of the four conditions of `fenced`.
#[tokio::test]
async fn p5_an_event_does_not_advance_what_its_writer_does_not_know() {
    let store = store().await;
    let worker = enlisted(&store).await;
    for id in ["epoch", "sequence", "messages", "owner", "twice"] {
        waiting(&store, &worker, id).await;
    }
    let mut advances = Vec::new();
    for id in ["epoch", "sequence", "messages", "owner", "twice"] {
        advances.push(advance(id, &store, SagaThen::Keep).await);
    }
    advances[0].write.epoch += 1;
    advances[1].write.sequence += 1;
    advances[2].write.messages_seen += 1;
    let owned = "update kenning.sagas set owner = gen_random_uuid(), due_at = null where id = 'owner'";
    sqlx::raw_sql(owned).execute(store.pool()).await.unwrap();
    let mut events: Vec<_> =
        ["epoch", "sequence", "messages", "owner", "twice"].into_iter().map(|id| event(id, false)).collect();
    // It was left before: nothing is new.
    deliver(&store, hand(&worker), &events[4..], &[], true).await;
    events.push(event("epoch", false));
    let delivered = deliver(&store, hand(&worker), &events, &advances, true).await;
    assert_eq!(delivered.advanced, [false; 5]);
    for id in ["epoch", "sequence", "messages", "owner", "twice"] {
        let whole = store.saga(SAGA, id).await.unwrap().unwrap();
        assert_eq!((whole.log.len(), whole.record.messages_seen), (1, 0), "{id}");
        assert_eq!(whole.record.due_at.is_some(), id != "owner", "{id}");
    }
}

/// Nothing stays of a transaction that is rolled back; what is not known is given back by the next
/// claim. Seen failing with an empty `lose_sagas`: no worker would ever take it over.
#[tokio::test]
async fn p5_what_a_lost_transaction_has_given_is_due_again() {
    let store = store().await;
    let worker = enlisted(&store).await;
    waiting(&store, &worker, "a").await;
    let keep = [advance("a", &store, SagaThen::Keep).await];
    deliver(&store, hand(&worker), &[event("a", false)], &keep, false).await;
    let a = record(&store, "a").await;
    assert_eq!((a.owner, a.messages, a.sequence), (None, 0, 1));

    let lost = hand(&worker);
    deliver(&store, lost, &[event("a", false)], &keep, true).await;
    assert!(claim(&store, &worker, 10).await.is_empty());
    store.lose_sagas(lost);
    let again = claim(&store, &worker, 10).await.pop().expect("it is due again");
    assert_eq!((again.record.epoch, again.log.len(), again.messages.len()), (3, 3, 1));
}

/// The worker is forgotten while a transaction gives it an instance: that is freed as one of an
/// unknown worker.
#[tokio::test]
async fn p5_what_a_forgotten_worker_is_given_is_taken_over() {
    let store = store().await;
    let (worker, other) = (enlisted(&store).await, enlisted(&store).await);
    let mut transaction = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
    let started = store
        .start_sagas_for_in(&mut transaction, hand(&worker), &[begun("a", SagaThen::Keep)])
        .await
        .unwrap();
    assert_eq!(started.each, [SagaStarted::Given { messages: 0 }]);
    // Not hindered by the transaction.
    store.retire_saga_worker(worker.worker).await.unwrap();
    store.commit(transaction).await.unwrap();
    assert_eq!(store.take_over_sagas().await.unwrap(), 1);
    let taken = claim(&store, &other, 10).await.pop().expect("it is due again");
    assert_eq!((taken.record.epoch, taken.log.len()), (3, 1));
}

/// An event that was kept wakes an instance that would rest.
#[tokio::test]
async fn p5_events_that_came_early_are_there_after_a_start_with_entries() {
    let store = store().await;
    let worker = enlisted(&store).await;
    deliver(&store, hand(&worker), &[event("a", true), event("b", true)], &[], true).await;
    let early = |id: &str, then| {
        let mut start = begun(id, then);
        start.saga.early_events = true;
        start
    };
    let starts = [early("a", SagaThen::Keep), early("b", SagaThen::Rest), early("c", SagaThen::Rest)];
    let started = store.start_sagas_for(hand(&worker), &starts).await.unwrap();
    let expected = [
        SagaStarted::Given { messages: 1 },
        SagaStarted::Resting { messages: 1 },
        SagaStarted::Resting { messages: 0 },
    ];
    assert_eq!(started.each, expected);
    let claimed = claim(&store, &worker, 10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((&*claimed[0].record.id, claimed[0].messages.len(), claimed[0].log.len()), ("b", 1, 1));
}
