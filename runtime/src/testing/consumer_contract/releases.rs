//! What a store does with consumers of two releases.

use std::sync::Arc;

use uuid::Uuid;

use super::support::{
    LONG, begin, claim, commit, generation, moved, opened, park, parked, places, poison, positions, record,
    records, rollback, spec, within,
};
use crate::number::Position;
use crate::store::{
    ConsumerKind, ConsumerReads, ConsumerSpec, ConsumerStore, EventVersions, Lease, LeaseRequest, Needs,
    Start, Wanted,
};

const OLD: &str = "contract_old";
const NEW: &str = "contract_new";
const LAST: &str = "contract_last";
const OTHER: &str = "contract_other";

/// A consumer of a kind that continues under a raised version, without a table.
fn reactor(name: &str, version: u32) -> ConsumerSpec {
    ConsumerSpec { kind: ConsumerKind::Reactor, version, table: None, ..spec(name) }
}

fn reads(handles: &[&str]) -> ConsumerReads {
    let events = |names: &[&str]| -> EventVersions { names.iter().map(|name| ((*name).into(), 1)).collect() };
    ConsumerReads { consumer: OLD.into(), version: 1, handles: events(handles), knows: events(&[]) }
}

/// What a new worker of a release is granted of the live generation.
async fn ask<S: ConsumerStore>(store: &S, generation: u32, release: &str) -> Vec<Lease> {
    let wanted = Wanted { consumer: OLD.into(), generation, release: release.into(), held: Vec::new() };
    let request = LeaseRequest { worker: Uuid::now_v7(), duration: LONG, wanted: vec![wanted] };
    within(store.lease(&request)).await.expect("leases can be asked for")
}

async fn rename<S: ConsumerStore>(store: &S, from: &str, to: &str) -> bool {
    within(store.rename_consumer(from, &reactor(to, 1))).await.expect("it can be renamed")
}

/// `build` alone takes nothing from running processes: a declared version waits until it is opened.
pub async fn p12_declaring_a_higher_version_raises_nothing<S: ConsumerStore>(store: Arc<S>) {
    within(store.declare_consumer(&reactor(OLD, 1))).await.expect("it is made");
    let lease = claim(&*store, OLD, record(&*store, OLD).await.generation).await;
    within(store.declare_consumer(&reactor(OLD, 2))).await.expect("it can be declared");
    assert_eq!(record(&*store, OLD).await.version, 1);
    assert!(moved(&*store, &lease, 0, 1).await, "the lease is held");
}

/// A consumer that was rolled back continues under the lower version, but not while a worker of the
/// higher one runs.
pub async fn p12_a_lower_version_continues_when_no_worker_of_the_higher_one_runs<S: ConsumerStore>(
    store: Arc<S>,
) {
    let lease = opened(&*store, &reactor(OLD, 2)).await;
    assert!(moved(&*store, &lease, 0, 4).await);
    let lower = async || within(store.lower_consumer(&reactor(OLD, 1))).await.expect("it can be asked");
    assert!(!lower().await, "a worker of version 2 runs");
    assert_eq!(record(&*store, OLD).await.version, 2);
    within(store.release(lease.worker)).await.expect("the lease is given back");
    assert!(lower().await);
    let lowered = record(&*store, OLD).await;
    assert_eq!((lowered.version, positions(&*store, OLD).await), (1, vec![4]));
    assert_ne!(lowered.generation, lease.generation, "a worker of version 2 is granted nothing");
    assert!(!lower().await, "it has this version");
}

/// A restart, its new partitions and the loss of the leases are of one transaction.
pub async fn p12_a_restart_is_done_with_its_transaction<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &reactor(OLD, 1)).await;
    assert!(moved(&*store, &lease, 0, 5).await);
    park(&*store, &lease, 5, &[poison(3, "a", Some("no"))]).await;
    let raised = ConsumerSpec { partitions: 2, ..reactor(OLD, 2) };

    let mut batch = begin(&*store).await;
    within(store.restart_in(&mut batch, &raised, Start::Beginning)).await.expect("it restarts");
    rollback(&*store, batch).await;
    assert_eq!((record(&*store, OLD).await.version, positions(&*store, OLD).await), (1, vec![5]));
    assert!(moved(&*store, &lease, 5, 6).await, "nothing was restarted");

    let mut batch = begin(&*store).await;
    within(store.restart_in(&mut batch, &raised, Start::Beginning)).await.expect("it restarts");
    commit(&*store, batch).await;
    assert_eq!((record(&*store, OLD).await.version, positions(&*store, OLD).await), (2, vec![0, 0]));
    assert!(parked(&*store, OLD).await.is_empty());
    assert!(!moved(&*store, &lease, 6, 7).await, "the lease is lost");
}

/// Checkpoints, what is parked, and the names that it had: the keys of a reactor's effects are drawn
/// from the first of them.
pub async fn p12_a_renamed_consumer_keeps_its_work_and_its_names<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &reactor(OLD, 1)).await;
    assert!(moved(&*store, &lease, 0, 3).await);
    park(&*store, &lease, 3, &[poison(2, "a", Some("no"))]).await;
    assert!(!rename(&*store, LAST, NEW).await, "there is no consumer of the old name");
    assert!(rename(&*store, OLD, NEW).await);
    assert!(records(&*store, OLD).await.is_empty());
    assert_eq!(positions(&*store, NEW).await, [3]);
    assert_eq!(places(&parked(&*store, NEW).await), [2]);
    assert!(!moved(&*store, &lease, 3, 4).await, "the lease is lost");
    let known = record(&*store, NEW).await;
    assert_eq!((known.former_names.as_slice(), &**known.first_name()), (&[OLD.into()][..], OLD));

    generation(&*store, &reactor(OTHER, 1)).await;
    assert!(!rename(&*store, NEW, OTHER).await, "there is a consumer of the new name");
    assert!(rename(&*store, NEW, LAST).await);
    let known = record(&*store, LAST).await;
    assert_eq!(known.former_names, [OLD.into(), NEW.into()]);
    assert!(known.was_named(OLD) && known.was_named(NEW) && !known.was_named(LAST));
    assert!(record(&*store, OTHER).await.former_names.is_empty(), "it is another consumer");
}

/// Whoever holds a lease has to look again at what it may pass over.
pub async fn p12_a_release_that_handles_more_revokes_the_leases<S: ConsumerStore>(store: Arc<S>) {
    let (old, new) = (reads(&["contract.counted"]), reads(&["contract.counted", "contract.refunded"]));
    within(store.register_reads(&old)).await.expect("they are registered");
    let lease = opened(&*store, &reactor(OLD, 1)).await;
    within(store.register_reads(&old)).await.expect("they are registered");
    assert!(moved(&*store, &lease, 0, 1).await, "the release is known");
    within(store.register_reads(&new)).await.expect("they are registered");
    assert!(!moved(&*store, &lease, 1, 2).await, "the lease is lost");
    let known = within(store.known_reads(OLD)).await.expect("they can be read");
    let releases: Vec<_> = known.releases.iter().map(|one| (&one.reads, &*one.release)).collect();
    assert_eq!(releases, [(&old, &*old.release()), (&new, &*new.release())]);
    assert!(known.releases[0].number < known.releases[1].number, "in the order in which they came");
}

/// The event stays where it is until a release runs that can do it.
pub async fn p12_what_a_release_cannot_do_is_left_to_one_that_can<S: ConsumerStore>(store: Arc<S>) {
    let (old, new) = (reads(&["contract.counted"]), reads(&["contract.counted", "contract.refunded"]));
    within(store.register_reads(&old)).await.expect("they are registered");
    within(store.register_reads(&new)).await.expect("they are registered");
    let number = generation(&*store, &reactor(OLD, 1)).await;
    let lease = ask(&*store, number, &old.release()).await.pop().expect("the partition is free");
    assert!(moved(&*store, &lease, 0, 6).await);
    let needs =
        Needs { name: "contract.refunded".into(), version: 1, handler: true, position: Position::new(7) };
    assert!(within(store.leave(&lease, &needs)).await.expect("it can be left"));
    assert_eq!(record(&*store, OLD).await.partitions[0].needs, Some(needs.clone()));
    assert!(!within(store.leave(&lease, &needs)).await.expect("it can be asked"), "the lease is lost");
    assert!(ask(&*store, number, &old.release()).await.is_empty(), "this release cannot do it");
    let lease = ask(&*store, number, &new.release()).await.pop().expect("this release can do it");
    assert_eq!(lease.position, 6, "the checkpoint stays");
    assert!(moved(&*store, &lease, 6, 7).await);
}

/// Every release can do what comes before the event that was left. The first that cannot do that
/// leaves it again.
pub async fn p12_a_consumer_that_is_reset_is_left_to_no_release<S: ConsumerStore>(store: Arc<S>) {
    let (old, new) = (reads(&["contract.counted"]), reads(&["contract.counted", "contract.refunded"]));
    within(store.register_reads(&old)).await.expect("they are registered");
    within(store.register_reads(&new)).await.expect("they are registered");
    let number = generation(&*store, &reactor(OLD, 1)).await;
    let lease = ask(&*store, number, &old.release()).await.pop().expect("the partition is free");
    assert!(moved(&*store, &lease, 0, 6).await);
    let needs =
        Needs { name: "contract.refunded".into(), version: 1, handler: true, position: Position::new(7) };
    assert!(within(store.leave(&lease, &needs)).await.expect("it can be left"));
    assert!(within(store.reset(OLD, Start::Beginning, None)).await.expect("it can be reset"));
    assert_eq!(record(&*store, OLD).await.partitions[0].needs, None);
    let lease = ask(&*store, number, &old.release()).await.pop().expect("the events before it can be done");
    assert!(moved(&*store, &lease, 0, 6).await);
}
