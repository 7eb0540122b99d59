//! Who runs a partition.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::support::{
    LONG, NAME, SHORT, Worker, advance, begin, generation, moved, opened, outlast, record, spec, version,
    within,
};
use crate::store::{ConsumerSpec, ConsumerStore};

/// One worker has it; all others get nothing.
pub async fn a_partition_has_one_holder<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    assert!(lease.epoch > 0);
    let of = [(NAME, lease.generation)];
    for _ in 0..3 {
        assert_eq!(Worker::new().ask(&*store, &of, LONG).await, []);
    }
    let mut strange = Worker::new();
    assert_eq!(strange.ask(&*store, &[("nobody", 1), (NAME, lease.generation + 1)], LONG).await, []);
    assert_eq!(record(&*store, NAME).await.partitions[0].worker, Some(lease.worker));

    // One request is for several generations.
    let other = ConsumerSpec { partitions: 2, ..super::support::spec("other") };
    let generation = generation(&*store, &other).await;
    let mut worker = Worker { id: lease.worker, leases: vec![lease.clone()] };
    worker.ask(&*store, &[of[0], ("other", generation)], LONG).await;
    let held: Vec<_> = worker.leases.iter().map(|lease| (&*lease.consumer, lease.partition)).collect();
    assert_eq!(held, [(NAME, 0), ("other", 0), ("other", 1)]);
    assert_eq!(worker.leases[0], lease, "it is the same lease");
    // Asking for less gives nothing back.
    worker.ask(&*store, &of, LONG).await;
    assert_eq!(Worker::new().ask(&*store, &[("other", generation)], LONG).await, []);
}

/// Workers that claim at the same time get each partition once.
pub async fn one_of_many_claimers_wins<S: ConsumerStore>(store: Arc<S>) {
    let spec = version(1, 3);
    let of = [(NAME, generation(&*store, &spec).await)];
    let mut workers: Vec<_> = (0..8).map(|_| Worker::new()).collect();
    join_all(workers.iter_mut().map(|worker| worker.ask(&*store, &of, LONG))).await;
    let mut held: Vec<_> = workers.iter().flat_map(Worker::partitions).collect();
    let different: BTreeSet<_> = held.iter().collect();
    assert_eq!(held.len(), different.len(), "no partition has two holders: {held:?}");
    // Whoever was first may have got all, and gives up what others then find.
    for _ in 0..20 {
        for worker in &mut workers {
            worker.ask(&*store, &of, LONG).await;
        }
        held = workers.iter().flat_map(Worker::partitions).collect();
        held.sort_unstable();
        if held == [0, 1, 2] && workers.iter().all(|worker| worker.leases.len() <= 1) {
            return;
        }
    }
    panic!("each partition has a holder, and no worker two: {held:?}");
}

/// A renewal prolongs a lease without changing it, and says where the checkpoint is now.
pub async fn a_renewed_lease_lasts<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &spec(NAME)).await)];
    let mut worker = Worker::new();
    let first = worker.ask(&*store, &of, SHORT).await[0].clone();
    assert!(moved(&*store, &first, 0, 4).await);
    let renewed = worker.ask(&*store, &of, LONG).await[0].clone();
    assert_eq!((renewed.epoch, renewed.position.get()), (first.epoch, 4));
    outlast().await;
    assert_eq!(Worker::new().ask(&*store, &of, LONG).await, []);
    assert!(moved(&*store, &renewed, 4, 5).await);
}

/// After its end another worker gets a lease under a higher epoch; not before.
pub async fn an_expired_lease_is_taken_over<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &spec(NAME)).await)];
    let (mut one, mut other) = (Worker::new(), Worker::new());
    let first = one.ask(&*store, &of, LONG).await[0].clone();
    assert!(moved(&*store, &first, 0, 4).await);
    assert_eq!(other.ask(&*store, &of, LONG).await, []);
    // From now on it is short.
    one.ask(&*store, &of, SHORT).await;
    outlast().await;
    assert_eq!(record(&*store, NAME).await.partitions[0].worker, None, "nobody runs it");
    let second = other.ask(&*store, &of, LONG).await[0].clone();
    assert!(second.epoch > first.epoch);
    assert_eq!((second.position.get(), second.worker), (4, other.id));
    assert_eq!(one.ask(&*store, &of, LONG).await, [], "it is told that its lease is lost");
    assert_eq!(record(&*store, NAME).await.partitions[0].worker, Some(other.id));
}

/// A holder that was late goes on if nobody has come.
pub async fn an_expired_lease_that_nobody_took_is_renewed<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &spec(NAME)).await)];
    let mut worker = Worker::new();
    let first = worker.ask(&*store, &of, SHORT).await[0].clone();
    outlast().await;
    let again = worker.ask(&*store, &of, LONG).await[0].clone();
    assert_eq!(again.epoch, first.epoch);
    assert_eq!(Worker::new().ask(&*store, &of, LONG).await, []);
    assert!(moved(&*store, &first, 0, 1).await);
}

/// Each worker gets its share, whoever was first; what moves from one to another moves once.
pub async fn workers_share_fairly<S: ConsumerStore>(store: Arc<S>) {
    for (partitions, two, three) in [(6, [3, 3], [2, 2, 2]), (7, [4, 3], [3, 2, 2]), (2, [1, 1], [1, 1, 0])] {
        let name = format!("shared_{partitions}");
        let spec = ConsumerSpec { partitions, ..spec(&name) };
        let of = [(&*name, generation(&*store, &spec).await)];
        let mut workers = vec![Worker::new()];
        assert_eq!(workers[0].ask(&*store, &of, LONG).await.len(), usize::from(partitions));
        for shares in [&two[..], &three[..]] {
            workers.push(Worker::new());
            let before: Vec<_> = workers.iter().flat_map(|worker| worker.leases.clone()).collect();
            for _ in 0..3 {
                for worker in &mut workers {
                    worker.ask(&*store, &of, LONG).await;
                }
            }
            let mut held: Vec<_> = workers.iter().map(|worker| worker.leases.len()).collect();
            held.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(held, shares, "{partitions} partitions");
            let mut all: Vec<_> = workers.iter().flat_map(Worker::partitions).collect();
            all.sort_unstable();
            assert_eq!(all, (0..partitions).collect::<Vec<_>>());
            // What stayed with its worker stayed as it was.
            for lease in workers.iter().flat_map(|worker| &worker.leases) {
                let was = before.iter().find(|was| was.partition == lease.partition).expect("it was held");
                assert_eq!(was.epoch == lease.epoch, was.worker == lease.worker);
                assert!(was.epoch <= lease.epoch);
            }
        }
    }
}

/// The share of a worker that does not ask any more goes to the others.
pub async fn a_worker_that_is_gone_has_no_share<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &version(1, 4)).await)];
    let (mut killed, mut left) = (Worker::new(), Worker::new());
    killed.ask(&*store, &of, SHORT).await;
    outlast().await;
    killed.ask(&*store, &of, SHORT).await;
    left.ask(&*store, &of, LONG).await;
    outlast().await;
    assert_eq!(left.ask(&*store, &of, LONG).await.len(), 4);
}

/// Trap 28: after a shutdown nobody waits for the end of a lease.
pub async fn trap_28_what_is_released_is_free_at_once<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &version(1, 2)).await)];
    let (mut one, mut other) = (Worker::new(), Worker::new());
    one.ask(&*store, &of, LONG).await;
    other.ask(&*store, &of, LONG).await;
    one.ask(&*store, &of, LONG).await;
    other.ask(&*store, &of, LONG).await;
    assert_eq!((one.leases.len(), other.leases.len()), (1, 1));
    let (lost, kept) = (one.leases[0].clone(), other.leases[0].clone());
    within(store.release(one.id)).await.expect("it is released");
    within(store.release(one.id)).await.expect("once more changes nothing");
    assert!(
        !moved(&*store, &lost, 0, 1).await,
        "what was given back is lost, whether anybody has it yet or not"
    );
    other.ask(&*store, &of, LONG).await;
    assert_eq!(other.partitions(), [0, 1], "its share is free as well");
    let taken = &other.leases[usize::from(lost.partition)];
    assert!(taken.epoch > lost.epoch);
    assert_eq!(other.leases[usize::from(kept.partition)].epoch, kept.epoch);
    assert!(!moved(&*store, &lost, 0, 1).await);
    assert!(moved(&*store, taken, 0, 1).await);
}

/// Pausing takes the leases away and gives none, until the consumer may go on.
pub async fn a_paused_consumer_has_no_leases<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let of = [(NAME, lease.generation)];
    let mut worker = Worker { id: lease.worker, leases: vec![lease.clone()] };
    assert!(within(store.pause(NAME, true)).await.expect("it is paused"));
    assert!(!moved(&*store, &lease, 0, 1).await, "its holder writes nothing");
    assert_eq!(worker.ask(&*store, &of, LONG).await, []);
    assert_eq!(Worker::new().ask(&*store, &of, LONG).await, []);
    let paused = record(&*store, NAME).await;
    assert!(
        paused.paused && paused.partitions[0].worker.is_none() && paused.partitions[0].epoch > lease.epoch
    );
    // A deployment does not wake it, neither of this version nor of the next.
    assert_eq!(generation(&*store, &spec).await, lease.generation);
    let next = generation(&*store, &version(2, 1)).await;
    assert_eq!(Worker::new().ask(&*store, &[of[0], (NAME, next)], LONG).await, []);
    assert!(within(store.pause(NAME, true)).await.expect("once more changes nothing"));
    assert!(within(store.pause(NAME, false)).await.expect("it goes on"));
    worker.leases.clear();
    let again = worker.ask(&*store, &[of[0], (NAME, next)], LONG).await.to_vec();
    assert_eq!(again.len(), 2);
    assert!(again[0].epoch > lease.epoch);
    assert!(moved(&*store, &again[0], 0, 1).await);
}

/// Trap 25: while a batch of a partition is under way, others are served; and the end of its lease is not waited for in the database.
pub async fn trap_25_claiming_waits_for_nobody<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &version(1, 2)).await)];
    let (mut one, mut other) = (Worker::new(), Worker::new());
    let leases = one.ask(&*store, &of, SHORT).await.to_vec();
    let mut batch = begin(&*store).await;
    assert!(advance(&*store, &mut batch, &leases[0], 0, 1).await);
    outlast().await;
    // The first partition may be locked by its batch; the second is free.
    let claiming = tokio::time::timeout(Duration::from_secs(20), other.ask(&*store, &of, LONG)).await;
    let claimed = claiming.expect("it does not wait for the batch").to_vec();
    assert!(claimed.iter().any(|lease| lease.partition == 1), "{claimed:?}");
    commit_or_lose(&*store, batch).await;
    within(store.release(one.id)).await.expect("it is released");
    assert_eq!(other.ask(&*store, &of, LONG).await.len(), 2);
}

async fn commit_or_lose<S: ConsumerStore>(store: &S, batch: S::Transaction) {
    super::support::lost_or_stored(within(store.commit(batch)).await);
}
