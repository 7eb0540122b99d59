//! Giving instances to workers.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    DEFINITION, LONG, SAGA, Worker, begin, claimed_ids, commit, deliver, event, give_up, new, new_of, nth,
    record, start, start_all, step_done, wait, wanted, wanted_of, whole, within, write,
};
use crate::store::{ClaimedSaga, Delivery, NewSaga, SagaStatus, SagaStore, SagaThen, SagaWrite, WantedSaga};

/// Its record, its log and its messages, as they are read.
pub async fn an_instance_is_claimed_with_everything<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let record = worker.start(&*store, "a").await;
    let two = SagaWrite {
        then: SagaThen::Release(Duration::ZERO),
        step: Some("reserve".into()),
        ..step_done(&record, "reserve")
    };
    super::support::done(write(&*store, &two).await);
    assert_eq!(deliver(&*store, &[event("a", "wait")]).await, [Delivery::Left]);
    let claimed = Worker::new(&*store).await.claim(&*store, 10).await;
    let stored = whole(&*store, "a").await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].record, stored.record);
    assert_eq!((&claimed[0].log, &claimed[0].messages), (&stored.log, &stored.messages));
    assert_eq!((stored.log.len(), stored.messages.len()), (1, 1));
    assert_eq!(stored.record.step.as_deref(), Some("reserve"));
    // Many at once do not mix.
    let many: Vec<_> = (0..50).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let for_each: Vec<_> = (0..50).map(|number| event(&nth(number), &nth(number))).collect();
    deliver(&*store, &for_each).await;
    let claimed = worker.claim(&*store, 100).await;
    assert_eq!(claimed.len(), 50);
    for claimed in claimed {
        assert_eq!(claimed.messages[0].step.as_deref(), Some(&*claimed.record.id));
        assert_eq!((claimed.messages.len(), claimed.log.len()), (1, 0));
    }
}

/// Also for the same worker.
pub async fn an_epoch_grows_with_every_claim<S: SagaStore>(store: Arc<S>) {
    let (one, other) = (Worker::new(&*store).await, Worker::new(&*store).await);
    start(&*store, &new("a")).await;
    let mut last = record(&*store, "a").await.epoch;
    for worker in [&one, &one, &other, &one] {
        let claimed = worker.claim_one(&*store).await;
        assert!(claimed.epoch > last);
        assert_eq!(one.claim(&*store, 10).await, []);
        assert_eq!(other.claim(&*store, 10).await, [], "somebody has it");
        last = claimed.epoch;
        give_up(&*store, &claimed, SagaStatus::Running, SagaThen::Release(Duration::ZERO)).await;
    }
}

/// A worker gets only what it can run.
pub async fn other_definitions_and_sagas_are_not_claimed<S: SagaStore>(store: Arc<S>) {
    let newer = NewSaga { version: 2, definition: 2, ..new("newer") };
    start_all(&*store, &[new("older"), newer, new_of("contract-other", "other")]).await;
    let worker = Worker::new(&*store).await;
    let foreign = [wanted_of(SAGA, &[3, u64::MAX, 1], 10), wanted_of("contract-nobody", &[DEFINITION], 10)];
    let claims = worker.ask(&*store, &foreign).await;
    assert_eq!((claims.claimed, claims.next_due), (vec![], None));
    assert_eq!(worker.ask(&*store, &[wanted_of(SAGA, &[], 10)]).await.claimed, []);
    assert_eq!(worker.ask(&*store, &[]).await.claimed, []);
    assert_eq!(worker.claim_one(&*store).await.id.as_ref(), "older");
    let both = worker.ask(&*store, &[wanted_of(SAGA, &[DEFINITION, 2, 2], 10)]).await.claimed;
    assert_eq!(claimed_ids(&both), ["newer"]);
    let other = worker.ask(&*store, &[wanted_of("contract-other", &[DEFINITION], 10)]).await.claimed;
    assert_eq!(claimed_ids(&other), ["other"]);
}

/// A saga that is full takes nothing from another one.
pub async fn each_saga_has_its_own_room<S: SagaStore>(store: Arc<S>) {
    let sagas = ["contract-a", "contract-b", "contract-c"];
    let of_each = sagas.iter().flat_map(|saga| (0..10).map(move |number| new_of(saga, &nth(number))));
    start_all(&*store, &of_each.collect::<Vec<_>>()).await;
    let worker = Worker::new(&*store).await;
    let rooms = [3, 20, 0];
    let wanted = [0, 1, 2].map(|place| wanted_of(sagas[place], &[DEFINITION], rooms[place]));
    let claimed = worker.ask(&*store, &wanted).await.claimed;
    let of = |saga: &str| claimed.iter().filter(|claimed| *claimed.record.saga == *saga).count();
    assert_eq!(sagas.map(of), [3, 10, 0]);
    let claimed = worker.ask(&*store, &wanted).await.claimed;
    assert!(claimed.len() == 3 && claimed.iter().all(|claimed| *claimed.record.saga == *sagas[0]));
    // The room is for all definitions of a saga together.
    let newer = (0..5).map(|number| NewSaga { definition: 2, ..new_of(sagas[2], &nth(10 + number)) });
    start_all(&*store, &newer.collect::<Vec<_>>()).await;
    let both = wanted_of(sagas[2], &[DEFINITION, 2], 6);
    assert_eq!(worker.ask(&*store, &[both]).await.claimed.len(), 6);
}

/// The room of all sagas together is never exceeded. Each saga gets its share first; what is left
/// goes to those that took their whole share.
pub async fn sagas_share_the_room<S: SagaStore>(store: Arc<S>) {
    let sagas = ["contract-a", "contract-b", "contract-c"];
    let many = [10, 10, 1];
    let of_each = (0..3).flat_map(|at| (0..many[at]).map(move |number| new_of(sagas[at], &nth(number))));
    start_all(&*store, &of_each.collect::<Vec<_>>()).await;
    let worker = Worker::new(&*store).await;
    let wanted = |shares: [u32; 3], rooms: [u32; 3]| {
        [0, 1, 2].map(|at| WantedSaga {
            share: shares[at],
            ..wanted_of(sagas[at], &[DEFINITION, DEFINITION + 1], rooms[at])
        })
    };
    let counts = |claimed: &[ClaimedSaga]| {
        sagas.map(|saga| claimed.iter().filter(|claimed| *claimed.record.saga == *saga).count())
    };
    // The third has fewer than its share. The first has no more room, so the second gets the rest.
    let claims = worker.ask_within(&*store, 9, &wanted([2, 2, 5], [2, 9, 9])).await;
    assert_eq!(counts(&claims.claimed), [2, 6, 1]);
    assert_eq!(claims.next_due, Some(Duration::ZERO));
    // The order of the sagas counts when the shares are more than the room.
    let claims = worker.ask_within(&*store, 4, &wanted([3, 3, 3], [9, 9, 9])).await;
    assert_eq!(counts(&claims.claimed), [3, 1, 0]);
    assert_eq!(worker.ask_within(&*store, 0, &wanted([3, 3, 3], [9, 9, 9])).await.claimed, []);
    // A saga that may take nothing is still looked at for the time of the next one.
    let claims = worker.ask_within(&*store, 4, &wanted([0, 0, 0], [0, 0, 0])).await;
    assert_eq!((claims.claimed, claims.next_due), (vec![], Some(Duration::ZERO)));
    // What is left is divided evenly.
    let claims = worker.ask_within(&*store, 5, &wanted([0, 1, 0], [9, 9, 9])).await;
    assert_eq!(counts(&claims.claimed), [3, 2, 0]);
    let claims = worker.ask_within(&*store, 100, &wanted([0, 1, 0], [100, 100, 100])).await;
    assert_eq!(counts(&claims.claimed), [2, 1, 0]);
    assert_eq!(worker.ask_within(&*store, 100, &wanted([1, 1, 1], [9, 9, 9])).await.next_due, None);
}

/// Whatever their definitions and ids are.
pub async fn the_longest_due_come_first<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, definition) in [("d", 2), ("a", DEFINITION), ("c", DEFINITION), ("e", 2), ("b", DEFINITION)] {
        start(&*store, &NewSaga { definition, ..new(id) }).await;
        // By the store's clock the next one is later.
        wait(Duration::from_millis(5)).await;
    }
    let two = [wanted_of(SAGA, &[DEFINITION, 2], 2)];
    let first = worker.ask(&*store, &two).await.claimed;
    assert_eq!(claimed_ids(&first), ["a", "d"]);
    // One that is due again now comes after those that have waited.
    for claimed in &first {
        let now = SagaThen::Release(Duration::ZERO);
        give_up(&*store, &claimed.record, SagaStatus::Running, now).await;
    }
    assert_eq!(claimed_ids(&worker.ask(&*store, &two).await.claimed), ["c", "e"]);
    // A message makes nobody later than it is.
    deliver(&*store, &[event("b", "wait")]).await;
    let one = [wanted_of(SAGA, &[DEFINITION, 2], 1)];
    assert_eq!(claimed_ids(&worker.ask(&*store, &one).await.claimed), ["b"]);
    assert_eq!(claimed_ids(&worker.ask(&*store, &two).await.claimed), ["a", "d"]);
}

/// Neither one that was never known, nor one whose lease has run out, nor one that is retired.
pub async fn a_worker_without_a_lease_claims_nothing<S: SagaStore>(store: Arc<S>) {
    start(&*store, &new("a")).await;
    let (unknown, dead, retired) =
        (Worker::unknown(), Worker::new(&*store).await, Worker::new(&*store).await);
    retired.retire(&*store).await;
    dead.die(&*store).await;
    for worker in [&unknown, &dead, &retired] {
        assert_eq!(worker.ask(&*store, &[wanted(10)]).await.claimed, []);
    }
    assert_eq!(record(&*store, "a").await.owner, None);
    // A new lease under the same id is as good as any.
    dead.enlist(&*store, LONG).await;
    assert_eq!(dead.claim_one(&*store).await.owner, Some(dead.id));
}

/// A consumer that is in the middle of its batch has instances locked, perhaps: others are claimed meanwhile.
pub async fn claiming_waits_for_no_transaction<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    start_all(&*store, &[new("a"), new("b")]).await;
    let mut batch = begin(&*store).await;
    let delivered = within(store.deliver_to_sagas(&mut batch, &[event("a", "wait")])).await;
    assert_eq!(delivered.expect("it is left"), [Delivery::Left]);
    let claiming = tokio::time::timeout(Duration::from_secs(20), worker.claim(&*store, 10)).await;
    let mut claimed = claiming.expect("it does not wait for the batch");
    assert!(claimed_ids(&claimed).contains(&"b"), "{claimed:?}");
    commit(&*store, batch).await;
    claimed.extend(worker.claim(&*store, 10).await);
    assert_eq!(claimed_ids(&claimed), ["a", "b"]);
    assert_eq!(whole(&*store, "a").await.messages.len(), 1);
}
