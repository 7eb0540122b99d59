//! What happens to the consumer of a saga, or a reactor, when its version is raised.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::consumer_contract::support::{
    LONG, Worker, claim_all, generation, moved, open, park, parked, places, poison, positions, record,
    records, within,
};
use crate::store::{ConsumerKind, ConsumerSpec, Opened, SagaStore, Start};

const KINDS: [ConsumerKind; 2] = [ConsumerKind::Saga, ConsumerKind::Reactor];

fn spec(kind: ConsumerKind, version: u32, partitions: u16) -> ConsumerSpec {
    let name = format!("contract-{}", kind.as_str()).into();
    ConsumerSpec { name, kind, version, partitions, start: Start::Beginning, table: None }
}

/// Trap 39: what it has caused is not caused again; while an old and a new process run at once, the old one has no part in it any more.
pub async fn trap_39_a_raised_version_goes_on_in_its_place<S: SagaStore>(store: Arc<S>) {
    for kind in KINDS {
        let (one, three) = (spec(kind, 1, 2), spec(kind, 3, 2));
        let name = &*one.name;
        let first = open(&*store, &one).await;
        assert!(first.live);
        let old = first.generation.expect("it is to be run");
        let mut worker = Worker::new();
        let stale = worker.ask(&*store, &[(name, old)], LONG).await.to_vec();
        assert!(moved(&*store, &stale[0], 0, 7).await && moved(&*store, &stale[1], 0, 9).await);
        let before = record(&*store, name).await;
        assert_eq!((before.version, &*before.kind), (1, kind.as_str()));

        let raised = open(&*store, &three).await;
        assert!(raised.live, "it is the live one");
        let new = raised.generation.expect("it is to be run");
        assert_eq!(open(&*store, &three).await, raised, "once more changes nothing");
        let after = record(&*store, name).await;
        assert_eq!((after.version, after.live, after.created_at), (3, true, before.created_at));
        assert_eq!(positions(&*store, name).await, [7, 9], "it goes on where it stands");
        for (before, after) in before.partitions.iter().zip(&after.partitions) {
            assert!(after.epoch > before.epoch && after.worker.is_none());
        }

        for stale in &stale {
            let at = stale.position.get();
            assert!(!moved(&*store, stale, at, at + 1).await, "its lease is lost");
            assert!(!moved(&*store, stale, 7, 8).await && !moved(&*store, stale, 9, 10).await);
        }
        assert_eq!(worker.ask(&*store, &[(name, old)], LONG).await, [], "nor does it get another");
        assert_eq!(Worker::new().ask(&*store, &[(name, old)], LONG).await, []);
        let leases = claim_all(&*store, name, new).await;
        assert_eq!(leases.len(), 2, "the old one has no share");
        for (lease, at) in leases.iter().zip([7, 9]) {
            assert!(lease.live && lease.position == at && lease.epoch > stale[0].epoch);
            assert!(moved(&*store, lease, at, at + 1).await);
        }
    }
}

/// With its errors and in its order; a paused consumer stays paused.
pub async fn what_is_parked_stays_parked<S: SagaStore>(store: Arc<S>) {
    for kind in KINDS {
        let one = spec(kind, 1, 1);
        let name = &*one.name;
        let old = generation(&*store, &one).await;
        let lease = claim_all(&*store, name, old).await.remove(0);
        assert!(moved(&*store, &lease, 0, 9).await);
        let events = [poison(3, "a", Some("broken")), poison(5, "a", None), poison(6, "b", Some("too"))];
        park(&*store, &lease, 9, &events).await;
        let before = parked(&*store, name).await;
        assert!(within(store.pause(name, true)).await.expect("it is paused"));

        let new = generation(&*store, &spec(kind, 2, 1)).await;
        let after = parked(&*store, name).await;
        assert_eq!(places(&after), [3, 5, 6]);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(
                (&after.stream, &after.error, after.attempts),
                (&before.stream, &before.error, before.attempts)
            );
            assert_eq!((after.parked_at, after.partition), (before.parked_at, before.partition));
            assert_eq!((before.generation, after.generation), (old, new), "they are of what runs now");
        }
        let known = record(&*store, name).await;
        assert_eq!((known.failed, known.waiting, known.paused), (2, 1, true));
        assert_eq!(claim_all(&*store, name, new).await, []);
        assert!(within(store.pause(name, false)).await.expect("it goes on"));
        // Whoever has it now finds them.
        let lease = claim_all(&*store, name, new).await.remove(0);
        let of = within(store.parked_of(&lease, &before[0].stream, 10)).await.expect("they can be read");
        assert_eq!(places(&of), [3, 5]);
        let streams = within(store.parked_streams(&lease)).await.expect("they can be read");
        assert_eq!(streams.len(), 2);
        let first = crate::Position::new(3);
        assert!(
            within(store.request(name, first, crate::store::ParkedRequest::Retry))
                .await
                .expect("it is there")
        );
        assert_eq!(within(store.requested_streams(&lease)).await.expect("one is").len(), 1);
        let mut batch = super::super::consumer_contract::support::begin(&*store).await;
        within(store.unpark(&mut batch, &lease, first)).await.expect("it was handled");
        assert!(super::super::consumer_contract::support::advance(&*store, &mut batch, &lease, 9, 9).await);
        super::super::consumer_contract::support::commit(&*store, batch).await;
        assert_eq!(places(&parked(&*store, name).await), [5, 6]);
    }
}

/// Processes that are deployed together agree.
pub async fn many_may_raise_a_version_at_once<S: SagaStore>(store: Arc<S>) {
    for kind in KINDS {
        let lease = {
            let old = generation(&*store, &spec(kind, 1, 2)).await;
            claim_all(&*store, &spec(kind, 1, 2).name, old).await.remove(1)
        };
        assert!(moved(&*store, &lease, 0, 4).await);
        for version in 2..5 {
            let raised = spec(kind, version, 2);
            let opened = join_all((0..8).map(|_| open(&*store, &raised))).await;
            assert!(opened.iter().all(|one| *one == opened[0] && one.live), "{opened:?}");
            assert!(opened[0].generation.is_some());
            assert_eq!(records(&*store, &raised.name).await.len(), 1, "nothing is built beside it");
            assert_eq!(positions(&*store, &raised.name).await, [0, 4]);
        }
    }
}

/// A raised version may have another number of partitions: all of them begin where the one was that
/// is furthest behind, and parked events are of the partition of their stream.
pub async fn another_number_of_partitions_divides_it_anew<S: SagaStore>(store: Arc<S>) {
    for kind in KINDS {
        let one = spec(kind, 1, 2);
        let name = &*one.name;
        let number = generation(&*store, &one).await;
        let leases = claim_all(&*store, name, number).await;
        assert!(moved(&*store, &leases[0], 0, 6).await && moved(&*store, &leases[1], 0, 9).await);
        park(&*store, &leases[1], 9, &[poison(3, "a", Some("broken"))]).await;
        for (version, partitions) in [(2, 3), (3, 1), (4, 4)] {
            let number = generation(&*store, &spec(kind, version, partitions)).await;
            assert_eq!(positions(&*store, name).await, vec![6; usize::from(partitions)]);
            assert!(!moved(&*store, &leases[0], 6, 7).await, "the old ones are lost");
            let leases = claim_all(&*store, name, number).await;
            assert_eq!(leases.len(), usize::from(partitions));
            let parked = parked(&*store, name).await;
            assert_eq!(parked[0].partition, parked[0].stream.partition(partitions));
            let own =
                leases.iter().find(|lease| lease.partition == parked[0].partition).expect("it is there");
            let streams = within(store.parked_streams(own)).await.expect("they can be read");
            assert_eq!(streams, [parked[0].stream.clone()]);
        }
    }
}

/// A process that starts with a lower version leaves everything as it is.
pub async fn an_older_process_runs_nothing<S: SagaStore>(store: Arc<S>) {
    for kind in KINDS {
        generation(&*store, &spec(kind, 1, 1)).await;
        let new = generation(&*store, &spec(kind, 5, 1)).await;
        let name = &*spec(kind, 1, 1).name;
        let lease = claim_all(&*store, name, new).await.remove(0);
        let before = record(&*store, name).await;
        for version in [1, 4] {
            let older = open(&*store, &spec(kind, version, 1)).await;
            assert_eq!(older, Opened { generation: None, live: false });
        }
        assert_eq!(record(&*store, name).await, before);
        assert!(moved(&*store, &lease, 0, 1).await);
    }
}
