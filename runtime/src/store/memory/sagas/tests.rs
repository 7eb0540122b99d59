//! What the contract leaves to a store: what becomes of two transactions that start one instance, and that what finds instances fits them.

use std::time::Duration;

use super::*;
use crate::payload::Payload;
use crate::store::{
    Delivery, MemoryStore, NewDelivery, SagaClaim, SagaStore, SagaThen, SagaWorker, StoreError,
    TransactionalStore, WantedSaga,
};

const SAGA: &str = "counting";

fn new(id: &str) -> NewSaga {
    NewSaga {
        instance: Uuid::now_v7(),
        saga: SAGA.into(),
        id: id.into(),
        version: 1,
        definition: 7,
        state: Payload::from_stored("{}"),
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        early_events: true,
    }
}

fn event(id: &str, keep: bool) -> NewDelivery {
    let output = Payload::from_stored("1");
    let (saga, id, step) = (SAGA.into(), id.into(), "wait".into());
    NewDelivery { saga, id, step, event_id: Uuid::now_v7(), output, keep, origin: None }
}

#[tokio::test]
async fn of_two_transactions_that_start_one_instance_the_second_is_turned_back() {
    let store = MemoryStore::new();
    let (mut first, mut second) = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let (one, other) = ([new("a")], [new("b"), new("a")]);
    assert_eq!(store.start_sagas(&mut second, &other).await.unwrap(), [true, true]);
    assert_eq!(store.start_sagas(&mut first, &one).await.unwrap(), [true]);
    store.commit(first).await.unwrap();
    let turned_back = store.commit(second).await.unwrap_err();
    assert!(matches!(turned_back, StoreError::Contention(_)), "{turned_back:?}");
    assert_eq!(store.saga(SAGA, "a").await.unwrap().unwrap().record.instance, one[0].instance);
    assert_eq!(store.saga(SAGA, "b").await.unwrap(), None, "nothing of it is stored");
}

#[tokio::test]
async fn an_event_is_kept_or_left_as_the_commit_finds_it() {
    let store = MemoryStore::new();
    let mut batch = store.begin().await.unwrap();
    let kept = store.deliver_to_sagas(&mut batch, &[event("a", true)]).await.unwrap();
    assert_eq!(kept, [Delivery::Kept]);
    assert!(store.start_saga(&new("a")).await.unwrap());
    store.commit(batch).await.unwrap();
    assert_eq!(store.saga(SAGA, "a").await.unwrap().unwrap().record.messages, 1);
    assert!(store.shared.log().sagas.by_name[SAGA].early.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_finds_instances_fits_them_whatever_is_done() {
    let store = MemoryStore::with_clock(crate::Clock::tokio(OffsetDateTime::UNIX_EPOCH));
    let mut chance = fastrand::Rng::with_seed(4);
    let (mut claimed, mut claims) = (Vec::new(), 0);
    let workers: Vec<_> = (0..4).map(|_| Uuid::now_v7()).collect();
    for _ in 0..4_000 {
        let id = chance.u16(0..400).to_string();
        let worker = workers[chance.usize(0..4)];
        match chance.u8(0..12) {
            0..3 => drop(store.start_saga(&new(&id)).await.unwrap()),
            3 | 4 => {
                let mut batch = store.begin().await.unwrap();
                let keep = chance.bool();
                store.deliver_to_sagas(&mut batch, &[event(&id, keep)]).await.unwrap();
                store.commit(batch).await.unwrap();
            }
            5 => {
                let definitions = vec![(SAGA.into(), 7)];
                let worker = SagaWorker { worker, duration: Duration::from_secs(2), definitions };
                store.enlist_saga_worker(&worker).await.unwrap();
            }
            6 if chance.bool() => store.retire_saga_worker(worker).await.unwrap(),
            7 => drop(store.take_over_sagas().await.unwrap()),
            8 => {
                let wanted = WantedSaga { saga: SAGA.into(), definitions: vec![8, 7, 7], share: 3, room: 3 };
                let claim = SagaClaim { worker, room: 3, wanted: vec![wanted] };
                let more = store.claim_sagas(&claim).await.unwrap().claimed;
                claims += more.len();
                claimed.extend(more);
            }
            _ if !claimed.is_empty() => {
                let record = claimed.swap_remove(chance.usize(0..claimed.len())).record;
                let write = SagaWrite {
                    instance: record.instance,
                    epoch: record.epoch,
                    sequence: record.sequence,
                    entries: Vec::new(),
                    status: SagaStatus::ALL[chance.usize(0..6)],
                    step: None,
                    reason: None,
                    messages_seen: chance.u32(0..=record.messages),
                    migration: None,
                    then: [SagaThen::Keep, SagaThen::Rest, SagaThen::Release(Duration::from_secs(3))]
                        [chance.usize(0..3)],
                };
                store.write_sagas(&[write]).await.unwrap();
            }
            _ => tokio::time::advance(Duration::from_millis(300)).await,
        }
        let log = store.shared.log();
        let mut found = Sagas::default();
        for (id, instance) in &log.sagas.instances {
            found.enter(*id, &instance.place());
            let record = instance.record();
            assert!(record.owner.is_none() || record.due_at.is_none(), "{record:?}");
        }
        assert_eq!(found.owned, log.sagas.owned);
        let (Some(found), Some(stored)) = (found.by_name.get(SAGA), log.sagas.by_name.get(SAGA)) else {
            continue;
        };
        assert_eq!((found.owned, &found.due), (stored.owned, &stored.due));
        assert!(
            stored
                .statuses
                .iter()
                .all(|(status, count)| { found.statuses.get(status).copied().unwrap_or_default() == *count })
        );
    }
    let ended = store.shared.log().sagas.by_name[SAGA].statuses[&SagaStatus::Completed];
    assert!(ended > 50 && claims > 300, "{ended} of {claims} that were claimed have ended");
}
