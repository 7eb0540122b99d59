//! Workers, and what becomes of their instances.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    LONG, SHORT, Worker, claimed_ids, deliver, done, event, give_up, ids, new, nth, outlast, record,
    start_all, step_done, whole, within, write, writing,
};
use crate::store::{SagaRecord, SagaStatus, SagaStore, SagaThen, SagaWrite, SagaWritten};

async fn take_over<S: SagaStore>(store: &S) -> u64 {
    within(store.take_over_sagas()).await.expect("it can be taken over")
}

/// As long as it is renewed in time nobody takes over what the worker has.
pub async fn a_renewed_lease_goes_on<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    worker.enlist(&*store, SHORT).await;
    assert!(worker.renew(&*store, LONG).await.alive);
    outlast().await;
    assert_eq!(take_over(&*store).await, 0);
    assert!(worker.renew(&*store, LONG).await.alive);
    assert_eq!(record(&*store, "a").await, claimed);
    done(write(&*store, &step_done(&claimed, "reserve")).await);
}

/// Whether anybody has taken over or not. The leases of others are their own.
pub async fn a_lease_that_has_run_out_is_not_renewed<S: SagaStore>(store: Arc<S>) {
    let (dead, other) = (Worker::new(&*store).await, Worker::new(&*store).await);
    let record = dead.start(&*store, "a").await;
    deliver(&*store, &[event("a", "wait")]).await;
    dead.die(&*store).await;
    for _ in 0..2 {
        let renewal = dead.renew(&*store, LONG).await;
        assert_eq!((renewal.alive, renewal.messages), (false, vec![]));
        assert!(other.renew(&*store, LONG).await.alive);
        take_over(&*store).await;
    }
    assert!(!Worker::unknown().renew(&*store, LONG).await.alive);
    assert_eq!(dead.claim(&*store, 10).await, [], "to renew is not to begin");
    assert!(other.claim_one(&*store).await.epoch > record.epoch);
}

/// Of its own instances, until it has taken note of them.
pub async fn a_renewal_tells_of_messages<S: SagaStore>(store: Arc<S>) {
    let (worker, other) = (Worker::new(&*store).await, Worker::new(&*store).await);
    let told = async |worker: &Worker| {
        let mut messages = worker.renew(&*store, LONG).await.messages;
        messages.sort_unstable();
        messages
    };
    let mut own = Vec::new();
    for id in ["a", "b", "c"] {
        own.push(worker.start(&*store, id).await);
    }
    other.start(&*store, "theirs").await;
    assert!(told(&worker).await.is_empty());
    let events = [event("a", "one"), event("c", "one"), event("a", "two"), event("theirs", "one")];
    deliver(&*store, &events).await;
    assert_eq!(told(&worker).await, [own[0].instance, own[2].instance]);
    assert_eq!(told(&worker).await, [own[0].instance, own[2].instance], "until it has taken note of them");
    let seen = |record: &SagaRecord, messages_seen| SagaWrite { messages_seen, ..writing(record) };
    done(write(&*store, &seen(&own[0], 1)).await);
    done(write(&*store, &seen(&own[2], 1)).await);
    assert_eq!(told(&worker).await, [own[0].instance]);
    done(write(&*store, &seen(&own[0], 2)).await);
    assert!(told(&worker).await.is_empty());
    assert_eq!(told(&other).await.len(), 1);
}

/// P4: its instances are due at once, under higher epochs: what it writes late is lost. Those of others, and those that nobody has, are left alone.
pub async fn p4_a_dead_workers_instances_are_taken_over<S: SagaStore>(store: Arc<S>) {
    let (dead, alive) = (Worker::new(&*store).await, Worker::new(&*store).await);
    let many: Vec<_> = (0..20).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let lost = dead.claim(&*store, 20).await;
    let resting = lost[0].record.clone();
    give_up(&*store, &resting, SagaStatus::Waiting, SagaThen::Rest).await;
    let ended = lost[1].record.clone();
    give_up(&*store, &ended, SagaStatus::Completed, SagaThen::Keep).await;
    let kept = alive.start(&*store, "kept").await;
    assert_eq!(take_over(&*store).await, 0, "nobody is dead");
    dead.die(&*store).await;
    assert_eq!(alive.claim(&*store, 100).await, [], "what is owned is not claimed");
    assert_eq!(take_over(&*store).await, 18);
    assert_eq!(take_over(&*store).await, 0);
    for stale in &lost[2..] {
        let stored = record(&*store, &stale.record.id).await;
        assert!(stored.owner.is_none() && stored.epoch > stale.record.epoch && stored.due_at.is_some());
        assert_eq!(write(&*store, &step_done(&stale.record, "late")).await, SagaWritten::Lost);
    }
    let taken = alive.claim(&*store, 100).await;
    assert_eq!(claimed_ids(&taken), ids(lost[2..].iter().map(|claimed| &claimed.record)));
    for stale in &lost[2..] {
        assert_eq!(write(&*store, &step_done(&stale.record, "late")).await, SagaWritten::Lost);
        let new = taken.iter().find(|new| new.record.instance == stale.record.instance);
        let new = &new.expect("it was taken over").record;
        assert!(new.epoch > stale.record.epoch);
        done(write(&*store, &step_done(new, "reserve")).await);
        assert_eq!(super::support::steps(&whole(&*store, &new.id).await), ["reserve"]);
    }
    assert_eq!(record(&*store, "kept").await, kept);
    assert_eq!(record(&*store, &resting.id).await.due_at, None);
    assert_eq!(record(&*store, &ended.id).await.status, SagaStatus::Completed);
}

/// What it owns is its own until somebody takes over, though it can have nothing more.
pub async fn a_lease_that_nobody_ended_still_writes<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    worker.die(&*store).await;
    let (_, released, _) = done(write(&*store, &step_done(&claimed, "reserve")).await);
    assert!(!released);
    let mut again = record(&*store, "a").await;
    assert_eq!((again.owner, again.epoch, again.sequence), (Some(worker.id), claimed.epoch, 1));
    assert_eq!(take_over(&*store).await, 1);
    again.sequence = 1;
    assert_eq!(write(&*store, &step_done(&again, "charge")).await, SagaWritten::Lost);
}

/// Trap 28: after a shutdown nobody waits for the end of a lease; what comes late from the worker is lost.
pub async fn trap_28_what_a_retired_worker_had_is_due_at_once<S: SagaStore>(store: Arc<S>) {
    let (retired, other) = (Worker::new(&*store).await, Worker::new(&*store).await);
    let stale = retired.start(&*store, "a").await;
    let waiting = retired.start(&*store, "waiting").await;
    give_up(&*store, &waiting, SagaStatus::Waiting, SagaThen::Release(LONG)).await;
    let kept = other.start(&*store, "kept").await;
    retired.retire(&*store).await;
    retired.retire(&*store).await;
    assert!(!retired.renew(&*store, LONG).await.alive);
    assert_eq!(write(&*store, &step_done(&stale, "late")).await, SagaWritten::Lost);
    let claimed = other.claim_one(&*store).await;
    assert!(claimed.instance == stale.instance && claimed.epoch > stale.epoch);
    assert_eq!(write(&*store, &step_done(&stale, "late")).await, SagaWritten::Lost);
    done(write(&*store, &step_done(&claimed, "reserve")).await);
    assert_eq!(record(&*store, "kept").await, kept);
    assert_eq!(take_over(&*store).await, 0);
    let next = other.ask(&*store, &[super::support::wanted(10)]).await.next_due;
    assert!(next.is_some_and(|next| next > Duration::ZERO), "what waits is left alone: {next:?}");
}
