//! Leaving events for instances.

use std::sync::Arc;

use super::support::{
    LONG, Worker, begin, claimed_ids, commit, deliver, done, early, entry, event, find, give_up, leaving,
    new, nth, record, rollback, start, start_all, step_done, whole, within, write, writing,
};
use crate::store::{
    Delivery, NewDelivery, NewSagaEntry, SagaEntryKind, SagaStatus, SagaStore, SagaThen, SagaWrite,
};

/// What becomes of an event depends on its instance.
pub async fn an_event_is_left_kept_or_missed<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, status) in [("done", SagaStatus::Completed), ("undone", SagaStatus::Compensated)] {
        let record = worker.start(&*store, id).await;
        give_up(&*store, &record, status, SagaThen::Rest).await;
    }
    let parked = worker.start(&*store, "parked").await;
    give_up(&*store, &parked, SagaStatus::Parked, SagaThen::Rest).await;
    worker.start(&*store, "owned").await;
    start(&*store, &new("there")).await;
    let deliveries = [
        event("there", "wait"),
        early("there", "wait"),
        event("done", "wait"),
        early("undone", "wait"),
        event("owned", "wait"),
        event("nobody", "wait"),
        early("expected", "wait"),
        event("parked", "wait"),
        event("nobody", "other"),
    ];
    use Delivery::{Ended, Kept, Left, Missing};
    let expected = [Left, Left, Ended, Ended, Left, Missing, Kept, Left, Missing];
    assert_eq!(deliver(&*store, &deliveries).await, expected);
    let left = whole(&*store, "there").await;
    let ids: Vec<_> = left.messages.iter().map(|message| message.event_id).collect();
    assert_eq!(ids, [Some(deliveries[0].event_id), Some(deliveries[1].event_id)], "in their order");
    for (id, messages) in [("done", 0), ("undone", 0), ("owned", 1), ("parked", 1)] {
        assert_eq!(record(&*store, id).await.messages, messages, "{id}");
    }
    assert_eq!(find(&*store, "expected").await, None, "it has not begun");
    assert_eq!(find(&*store, "nobody").await, None);
    assert_eq!(deliver(&*store, &[]).await, []);
}

/// However often it is delivered. For another step it is another message.
pub async fn an_event_is_left_once_for_a_step<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let record = worker.start(&*store, "a").await;
    let one = event("a", "one");
    let other = NewDelivery { step: "other".into(), ..one.clone() };
    let left = deliver(&*store, &[one.clone(), one.clone(), other.clone()]).await;
    assert_eq!(left, [Delivery::Left; 3]);
    assert_eq!(deliver(&*store, &[early("a", "one"), one.clone()]).await, [Delivery::Left; 2]);
    let before = whole(&*store, "a").await;
    let steps: Vec<_> = before.messages.iter().filter_map(|message| message.step.as_deref()).collect();
    assert_eq!(steps, ["one", "other", "one"]);

    // Its owner has taken note of all, and gives it up: what was left before is no reason to have it again.
    let seen = SagaWrite { messages_seen: 3, ..leaving(&record, SagaStatus::Waiting, SagaThen::Rest) };
    assert!(done(write(&*store, &seen).await).1);
    assert_eq!(deliver(&*store, &[other, one]).await, [Delivery::Left; 2]);
    assert_eq!(whole(&*store, "a").await.messages, before.messages);
    assert_eq!(worker.claim(&*store, 10).await, []);
}

/// They are its messages, in the order in which they came, before those that come later.
pub async fn early_events_count_when_their_instance_starts<S: SagaStore>(store: Arc<S>) {
    let (first, second, later) = (early("a", "one"), early("a", "two"), event("a", "one"));
    assert_eq!(deliver(&*store, std::slice::from_ref(&first)).await, [Delivery::Kept]);
    assert_eq!(deliver(&*store, &[early("b", "one"), second.clone()]).await, [Delivery::Kept; 2]);
    start(&*store, &new("a")).await;
    let started = whole(&*store, "a").await;
    assert_eq!((started.record.messages, started.record.messages_seen), (2, 0));
    assert_eq!(deliver(&*store, &[later.clone(), first.clone()]).await, [Delivery::Left; 2]);
    let claimed = Worker::new(&*store).await.claim(&*store, 10).await.remove(0);
    assert_eq!(claimed.record.messages, 3);
    for (message, delivery) in claimed.messages.iter().zip([&first, &second, &later]) {
        assert_eq!(message.event_id, Some(delivery.event_id));
        assert_eq!(
            (&message.step, &message.output),
            (&Some(delivery.step.clone()), &Some(delivery.output.clone()))
        );
    }
    assert_eq!(claimed.messages.len(), 3);
    // Those of another one wait for it, and join it in a transaction as well.
    start_all(&*store, &[new("b"), new("c")]).await;
    assert_eq!(record(&*store, "b").await.messages, 1);
    assert_eq!(record(&*store, "c").await.messages, 0);
}

/// A redelivery before the start, in the same transaction or another, is no second message; nor is one after it.
pub async fn an_early_event_is_kept_once<S: SagaStore>(store: Arc<S>) {
    let one = early("a", "one");
    assert_eq!(deliver(&*store, &[one.clone(), one.clone()]).await, [Delivery::Kept; 2]);
    assert_eq!(deliver(&*store, std::slice::from_ref(&one)).await, [Delivery::Kept]);
    let mut batch = begin(&*store).await;
    let kept = within(store.deliver_to_sagas(&mut batch, &[early("a", "two")])).await;
    assert_eq!(kept.expect("it is kept"), [Delivery::Kept]);
    assert_eq!(within(store.start_sagas(&mut batch, &[new("a")])).await.expect("it starts"), [true]);
    let left = within(store.deliver_to_sagas(&mut batch, std::slice::from_ref(&one))).await;
    assert_eq!(left.expect("it is there"), [Delivery::Left]);
    commit(&*store, batch).await;
    assert_eq!(deliver(&*store, &[one]).await, [Delivery::Left]);
    assert_eq!(whole(&*store, "a").await.messages.len(), 2);
}

/// Neither for an instance that is there nor for one that may come.
pub async fn a_delivery_undone_leaves_nothing<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let resting = worker.start(&*store, "a").await;
    give_up(&*store, &resting, SagaStatus::Waiting, SagaThen::Rest).await;
    let deliveries = [event("a", "wait"), early("b", "wait")];
    let mut batch = begin(&*store).await;
    let delivered = within(store.deliver_to_sagas(&mut batch, &deliveries)).await.expect("they are left");
    assert_eq!(delivered, [Delivery::Left, Delivery::Kept]);
    rollback(&*store, batch).await;
    assert_eq!(whole(&*store, "a").await.messages, []);
    assert_eq!(worker.claim(&*store, 10).await, []);
    start(&*store, &new("b")).await;
    assert_eq!(whole(&*store, "b").await.messages, []);
    // Nothing is remembered of it either.
    assert_eq!(deliver(&*store, &deliveries).await, [Delivery::Left; 2]);
    assert_eq!(whole(&*store, "a").await.messages.len(), 1);
}

/// Whether it rests or has a time. The owner of one is told by its next write.
pub async fn an_event_makes_its_instance_due<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let ends = [("rests", SagaThen::Rest), ("waits", SagaThen::Release(LONG))];
    for (id, then) in ends {
        let record = worker.start(&*store, id).await;
        give_up(&*store, &record, SagaStatus::Waiting, then).await;
    }
    let owned = worker.start(&*store, "owned").await;
    assert_eq!(worker.claim(&*store, 10).await, []);
    for id in ["rests", "waits", "owned"] {
        assert_eq!(deliver(&*store, &[event(id, "wait")]).await, [Delivery::Left]);
    }
    assert_eq!(record(&*store, "owned").await.due_at, None, "somebody has it");
    let claimed = worker.claim(&*store, 10).await;
    assert_eq!(claimed_ids(&claimed), ["rests", "waits"]);
    assert!(claimed.iter().all(|claimed| claimed.record.status == SagaStatus::Waiting));
    assert_eq!(done(write(&*store, &writing(&owned)).await).0, 1);
}

/// Each has its answer, in the order of the call.
pub async fn many_events_are_left_in_one_call<S: SagaStore>(store: Arc<S>) {
    let many: Vec<_> = (0..500).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let deliveries: Vec<_> = (0..1_000)
        .map(|number| if number % 2 == 0 { event(&nth(number), "wait") } else { early(&nth(number), "wait") })
        .collect();
    let delivered = deliver(&*store, &deliveries).await;
    let expected: Vec<_> = (0..1_000)
        .map(|number| match number {
            0..500 => Delivery::Left,
            number if number % 2 == 0 => Delivery::Missing,
            _ => Delivery::Kept,
        })
        .collect();
    assert_eq!(delivered, expected);
    for number in [0, 250, 499] {
        let event_id = deliveries[number].event_id;
        assert_eq!(whole(&*store, &nth(number)).await.messages[0].event_id, Some(event_id));
    }
    // Many for one instance keep their order.
    let for_one: Vec<_> = (0..300).map(|number| event("0007", &nth(number % 3))).collect();
    assert_eq!(deliver(&*store, &for_one).await, vec![Delivery::Left; 300]);
    let messages = whole(&*store, "0007").await.messages;
    assert!(messages[1..].iter().zip(&for_one).all(|(is, was)| is.event_id == Some(was.event_id)));
    assert!(messages.is_sorted_by(|one, next| one.number < next.number));
    assert_eq!(messages.len(), 301);
}

/// An event for a step that is done is not stored. A request for it is.
pub async fn an_event_for_a_step_that_is_done_is_not_stored<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    assert_eq!(deliver(&*store, &[event("a", "paid")]).await, [Delivery::Left], "it is not done yet");
    let paid = SagaWrite { messages_seen: 1, ..step_done(&claimed, "paid") };
    let mut owned = record(&*store, "a").await;
    done(write(&*store, &paid).await);
    owned.sequence += 1;
    for number in 0..3 {
        let late = [event("a", "paid"), event("a", "shipped")];
        assert_eq!(deliver(&*store, &late).await, [Delivery::Late, Delivery::Left]);
        assert_eq!(whole(&*store, "a").await.messages.len(), 2 + number);
    }
    // It wakes nobody.
    let seen = SagaWrite { messages_seen: 4, ..leaving(&owned, SagaStatus::Waiting, SagaThen::Rest) };
    done(write(&*store, &seen).await);
    assert_eq!(deliver(&*store, &[event("a", "paid")]).await, [Delivery::Late]);
    assert_eq!(record(&*store, "a").await.due_at, None);
    assert_eq!(worker.claim(&*store, 10).await, []);
    // What another definition has read may be for another step of this one.
    let position = crate::Position::new(1);
    let origin = |definition| Some(crate::store::EventOrigin { definition, position });
    let own = NewDelivery { origin: origin(owned.definition), ..event("a", "paid") };
    let foreign = NewDelivery { origin: origin(owned.definition ^ 1), ..event("a", "paid") };
    assert_eq!(deliver(&*store, &[own, foreign]).await, [Delivery::Late, Delivery::Left]);
    // After a migration the step may have to be done again.
    assert_eq!(deliver(&*store, &[event("a", "other")]).await, [Delivery::Left]);
    let again = worker.claim_one(&*store).await;
    let moved = NewSagaEntry { step: None, ..entry(SagaEntryKind::Migrated, "") };
    done(write(&*store, &SagaWrite { entries: vec![moved], ..writing(&again) }).await);
    assert_eq!(deliver(&*store, &[event("a", "paid")]).await, [Delivery::Left]);
}
