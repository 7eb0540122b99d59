//! What a saga's consumer does for instances moves with its checkpoint.

use std::sync::Arc;

use super::super::consumer_contract::support::{advance, claim, generation, lost_or_stored, positions};
use super::support::{begin, commit, early, event, find, new, start, whole, within};
use crate::store::{ConsumerKind, ConsumerSpec, Delivery, SagaStore, Start};

const NAME: &str = "contract-starter";

fn spec() -> ConsumerSpec {
    ConsumerSpec {
        name: NAME.into(),
        kind: ConsumerKind::Saga,
        version: 1,
        partitions: 1,
        start: Start::Beginning,
        table: None,
    }
}

/// P4: with the checkpoint all of it is stored.
pub async fn p4_starts_and_events_move_with_the_checkpoint<S: SagaStore>(store: Arc<S>) {
    let generation = generation(&*store, &spec()).await;
    let lease = claim(&*store, NAME, generation).await;
    start(&*store, &new("there")).await;
    let mut batch = begin(&*store).await;
    let started = within(store.start_sagas(&mut batch, &[new("a"), new("there")])).await;
    assert_eq!(started.expect("they start"), [true, false]);
    let deliveries = [event("a", "wait"), event("there", "wait"), early("b", "wait")];
    let delivered = within(store.deliver_to_sagas(&mut batch, &deliveries)).await.expect("they are left");
    assert_eq!(delivered, [Delivery::Left, Delivery::Left, Delivery::Kept]);
    assert!(advance(&*store, &mut batch, &lease, 0, 7).await);
    assert!(lost_or_stored(within(store.commit_batch(batch)).await));
    assert_eq!(positions(&*store, NAME).await, [7]);
    for id in ["a", "there"] {
        assert_eq!(whole(&*store, id).await.messages.len(), 1);
    }
    start(&*store, &new("b")).await;
    assert_eq!(whole(&*store, "b").await.messages.len(), 1);
}

/// P4: a worker that has lost its lease, before or after it moves its checkpoint, starts nothing and leaves nothing.
pub async fn p4_a_lost_lease_starts_and_leaves_nothing<S: SagaStore>(store: Arc<S>) {
    let generation = generation(&*store, &spec()).await;
    let stale = claim(&*store, NAME, generation).await;
    start(&*store, &new("there")).await;
    within(store.release(stale.worker)).await.expect("it is released");
    let held = claim(&*store, NAME, generation).await;
    let mut batch = begin(&*store).await;
    let started = within(store.start_sagas(&mut batch, &[new("a")])).await;
    assert_eq!(started.expect("it starts"), [true]);
    let deliveries = [event("there", "wait"), early("b", "wait")];
    let delivered = within(store.deliver_to_sagas(&mut batch, &deliveries)).await.expect("they are left");
    assert_eq!(delivered, [Delivery::Left, Delivery::Kept]);
    assert!(!advance(&*store, &mut batch, &stale, 0, 7).await, "its lease is lost");
    within(store.rollback(batch)).await.expect("it rolls back");
    assert_eq!(find(&*store, "a").await, None);
    assert_eq!(whole(&*store, "there").await.messages, []);
    start(&*store, &new("b")).await;
    assert_eq!(whole(&*store, "b").await.messages, []);

    // Whoever has it does the same again.
    let mut batch = begin(&*store).await;
    let started = within(store.start_sagas(&mut batch, &[new("a")])).await;
    assert_eq!(started.expect("it starts"), [true]);
    let delivered = within(store.deliver_to_sagas(&mut batch, &deliveries)).await.expect("they are left");
    assert_eq!(delivered, [Delivery::Left, Delivery::Left]);
    assert!(advance(&*store, &mut batch, &held, 0, 7).await);
    commit(&*store, batch).await;
    assert!(find(&*store, "a").await.is_some());
    assert_eq!(whole(&*store, "there").await.messages.len(), 1);
}
