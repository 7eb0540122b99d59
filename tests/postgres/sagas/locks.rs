//! Who waits for whom.

use std::time::Duration;

use kenning::store::{
    ConsumerKind, ConsumerStore as _, Delivery, SagaStore as _, SagaThen, SagaWritten,
    TransactionalStore as _,
};

use super::{SAGA, claim, done, enlisted, event, new, record};
use crate::postgres::{prepared, store};
use crate::support::database;

const LONG: Duration = super::LONG;

/// Time for the other side to come as far as it comes.
const A_WHILE: Duration = Duration::from_millis(300);

/// The start does not see the event, whose transaction has not ended. Without the row of number 0 it would not wait for it either, and nobody would ever tell the instance.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_an_event_that_is_being_kept() {
    let store = store().await;
    for round in 0..2 {
        // In the second round the row is there.
        let mut early = new("a");
        (early.early_events, early.id) = (true, format!("a{}", round % 2).into());
        if round == 1 {
            let mut before = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
            let kept = store.deliver_to_sagas(&mut before, &[event(&early.id, true)]).await.unwrap();
            assert_eq!(kept, [Delivery::Kept]);
            store.commit(before).await.unwrap();
        }
        let mut batch = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
        let kept = store.deliver_to_sagas(&mut batch, &[event(&early.id, true)]).await.unwrap();
        assert_eq!(kept, [Delivery::Kept]);
        let starting = tokio::spawn({
            let (store, early) = (store.clone(), early.clone());
            async move { store.start_saga(&early).await }
        });
        tokio::time::sleep(A_WHILE).await;
        assert!(!starting.is_finished());
        store.commit(batch).await.unwrap();
        assert!(starting.await.unwrap().unwrap());
        let whole = store.saga(SAGA, &early.id).await.unwrap().unwrap();
        assert_eq!((whole.record.messages, whole.messages.len()), (round + 1, round as usize + 1));
    }
}

/// The other way round.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_waits_for_a_start_that_it_may_be_kept_for() {
    let store = store().await;
    let mut early = new("a");
    early.early_events = true;
    let mut batch = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
    assert_eq!(store.start_sagas(&mut batch, &[early]).await.unwrap(), [true]);
    let delivering = tokio::spawn({
        let store = store.clone();
        async move {
            let mut other = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
            let left = store.deliver_to_sagas(&mut other, &[event("a", true)]).await.unwrap();
            store.commit(other).await.unwrap();
            left
        }
    });
    tokio::time::sleep(A_WHILE).await;
    assert!(!delivering.is_finished());
    store.commit(batch).await.unwrap();
    assert_eq!(delivering.await.unwrap(), [Delivery::Left]);
    assert_eq!(record(&store, "a").await.messages, 1);
}

/// Claiming and taking over pass by what a transaction of others has locked.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_instance_that_is_locked() {
    let store = store().await;
    let gone = enlisted(&store).await;
    for id in ["a", "b", "c", "d"] {
        assert!(store.start_saga(&new(id)).await.unwrap());
    }
    assert_eq!(claim(&store, &gone, 2).await.len(), 2);
    let mut batch = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
    store.deliver_to_sagas(&mut batch, &[event("a", false), event("c", false)]).await.unwrap();

    let worker = enlisted(&store).await;
    let ids: Vec<_> =
        claim(&store, &worker, 9).await.iter().map(|claimed| claimed.record.id.clone()).collect();
    assert_eq!(ids, ["d".into()]);
    store.retire_saga_worker(gone.worker).await.unwrap();
    let ids: Vec<_> =
        claim(&store, &worker, 9).await.iter().map(|claimed| claimed.record.id.clone()).collect();
    assert_eq!(ids, ["b".into()]);

    store.commit(batch).await.unwrap();
    assert_eq!(store.take_over_sagas().await.unwrap(), 1, "what was locked is found the next time");
    let mut claimed = claim(&store, &worker, 9).await;
    claimed.sort_by_key(|claimed| claimed.record.id.clone());
    let ids: Vec<_> = claimed.iter().map(|claimed| (&*claimed.record.id, claimed.messages.len())).collect();
    assert_eq!(ids, [("a", 1), ("c", 1)]);
}

/// A worker that retires during a claim would leave instances to an unknown owner, so it waits for
/// the end of the claim. The first function is called by older processes.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_claims_is_not_forgotten() {
    for claim in [
        "select * from kenning.claim_sagas($1, gen_random_uuid(), '{}', $2, '{1}', '{1}', $3)",
        "select * from kenning.claim_sagas_by_share($1, gen_random_uuid(), '{}', 1, $2, '{1}', '{1}', '{1}', $3)",
    ] {
        let store = store().await;
        let worker = enlisted(&store).await;
        assert!(store.start_saga(&new("a")).await.unwrap());
        let mut claiming = store.begin().await.unwrap();
        sqlx::query(claim)
            .bind(worker.worker)
            .bind(vec![SAGA])
            .bind(vec![super::DEFINITION.cast_signed()])
            .execute(&mut *claiming)
            .await
            .unwrap();
        assert!(store.renew_saga_worker(&worker).await.unwrap().alive, "its lease can be renewed meanwhile");
        let retiring = tokio::spawn({
            let store = store.clone();
            async move { store.retire_saga_worker(worker.worker).await }
        });
        tokio::time::sleep(A_WHILE).await;
        assert!(!retiring.is_finished(), "{claim}");
        store.commit(claiming).await.unwrap();
        retiring.await.unwrap().unwrap();
        let record = record(&store, "a").await;
        assert!(record.owner.is_none() && record.due_at.is_some(), "{record:?}");
    }
}

/// Handlers may have all connections of the pool.
#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_without_the_pool() {
    let options =
        kenning::PostgresStore::options().max_connections(1).acquire_timeout(Duration::from_secs(60));
    let store = prepared(options, &database().await).await;
    let taken = store.begin().await.unwrap();
    let worker = enlisted(&store).await;
    assert!(store.renew_saga_worker(&worker).await.unwrap().alive);
    assert_eq!(store.take_over_sagas().await.unwrap(), 0);
    store.retire_saga_worker(worker.worker).await.unwrap();
    store.rollback(taken).await.unwrap();
}

/// Batches in opposite orders, deliveries beside them: none is turned back. When `write_sagas` and `deliver_to_sagas` do not lock in one order, deadlocks are.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_do_not_turn_each_other_back() {
    const INSTANCES: u32 = 200;
    let store = store().await;
    for id in 0..INSTANCES {
        assert!(store.start_saga(&new(id)).await.unwrap());
    }
    let worker = enlisted(&store).await;
    let owned = claim(&store, &worker, INSTANCES).await;
    assert_eq!(owned.len(), INSTANCES as usize);
    let writing = |reverse: bool| {
        let (store, owned) = (store.clone(), owned.clone());
        tokio::spawn(async move {
            let mut done_by_this = 0;
            for round in 0..60 {
                let mut writes: Vec<_> = owned
                    .iter()
                    .map(|owned| {
                        let mut write = done(&owned.record, SagaThen::Keep);
                        (write.sequence, write.entries) = (2 * round, write.entries);
                        write
                    })
                    .collect();
                if reverse {
                    writes.reverse();
                }
                let written = store.write_sagas(&writes).await.unwrap();
                done_by_this +=
                    written.iter().filter(|written| !matches!(written, SagaWritten::Lost)).count();
            }
            done_by_this
        })
    };
    let delivering = |reverse: bool| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                let mut events: Vec<_> = (0..INSTANCES).map(|id| event(id, false)).collect();
                if reverse {
                    events.reverse();
                }
                let mut batch = store.begin_batch(ConsumerKind::Saga, LONG).await.unwrap();
                let left = store.deliver_to_sagas(&mut batch, &events).await.unwrap();
                assert!(left.iter().all(|left| *left == Delivery::Left));
                store.commit(batch).await.unwrap();
            }
        })
    };
    let (writers, deliverers) = ([writing(false), writing(true)], [delivering(false), delivering(true)]);
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap();
    }
    for deliverer in deliverers {
        deliverer.await.unwrap();
    }
    assert_eq!(done, 60 * INSTANCES as usize, "each write is done by one of the two");
    for owned in owned {
        let whole = store.saga(SAGA, &owned.record.id).await.unwrap().unwrap();
        assert_eq!((whole.record.sequence, whole.log.len()), (120, 120));
        assert_eq!((whole.record.messages, whole.messages.len()), (40, 40));
        assert!(whole.messages.iter().zip(1..).all(|(message, number)| message.number == number));
    }
}
