//! P12: what an older release cannot read is left for the newer one, by every kind of consumer.

use kenning::store::{Append, EventStore, Expect, NewEvent};
use kenning::{Kenning, Lends, RunError, StreamName};

use super::run::{Running, Seen, builder, nothing_parked, until, until_waits};
use super::{new, old};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p12_an_event_of_a_newer_version_is_left_by_every_kind_of_consumer
    p12_an_event_that_only_the_newer_release_has_is_left_by_every_kind_of_consumer
    p12_the_newer_release_takes_over_what_the_older_cannot_read_while_both_run
    p12_a_canary_that_is_rolled_back_leaves_what_the_older_release_can_do
    p12_run_until_idle_says_which_release_is_missing
    p12_an_event_of_another_category_is_passed_over
    p7_an_event_of_a_known_version_that_does_not_fit_is_parked
}

/// What the tests want of a store's transaction.
pub trait Both: Home<Store: kenning::store::SagaStore<Transaction: Lends<()>>> {}
impl<H: Home<Store: kenning::store::SagaStore<Transaction: Lends<()>>>> Both for H {}

async fn old_app<H: Both>(home: &H, seen: &Seen) -> Kenning {
    old::all(builder(home).await, seen).build().await.expect("it fits together")
}

async fn new_app<H: Both>(home: &H, seen: &Seen) -> Kenning {
    new::all(builder(home).await, seen).build().await.expect("it fits together")
}

const KINDS: [&str; 4] = ["delivery", "orders", "picker", "tally"];

async fn place(app: &Kenning, ids: std::ops::Range<u64>) {
    for id in ids {
        app.execute(new::Place { id, cents: 5 }).await.unwrap();
    }
}

async fn statuses(app: &Kenning) -> Vec<(u64, String)> {
    let rows = app.query::<new::Orders>().order_by(new::Orders::ID.asc()).fetch().await.unwrap();
    rows.into_iter().map(|row| (row.id, row.status)).collect()
}

/// How often each of some orders was picked.
async fn picks(app: &Kenning, ids: std::ops::Range<u64>) -> Vec<u64> {
    let mut picks = Vec::new();
    for id in ids {
        picks.push(app.load::<old::Pick>(id).await.unwrap().times);
    }
    picks
}

/// Trial 1. Without the check of the version, the old release parks 10 events of each kind.
async fn p12_an_event_of_a_newer_version_is_left_by_every_kind_of_consumer<H: Both>(home: H) {
    let seen = Seen::default();
    let running = Running::new(old_app(&home, &seen).await);
    running.app.execute(old::Place { id: 1, cents: 5 }).await.unwrap();
    let newer = new_app(&home, &seen).await;
    place(&newer, 2..12).await;
    for consumer in KINDS {
        assert_eq!(until_waits(&running.app, consumer).await, ("order.placed".to_owned(), 2), "{consumer}");
        let status = running.app.consumer(consumer).status().await.unwrap();
        assert!(status.problem.unwrap().contains("`order.placed` version 2"), "{consumer}");
        assert_eq!((status.failed, status.waiting), (0, 0), "{consumer}");
    }
    nothing_parked(&running.app).await;
    running.stop().await;
    newer.run_until_idle().await.unwrap();
    nothing_parked(&newer).await;
    assert_eq!(statuses(&newer).await.len(), 11);
    assert_eq!(picks(&newer, 1..12).await, [1; 11]);
    // A note is no write of the transaction: it is made again when the lease was lost in the middle.
    let seen: std::collections::BTreeSet<_> = seen.all().into_iter().collect();
    assert_eq!(seen.iter().filter(|one| one.starts_with("placed")).count(), 11);
    assert_eq!(seen.iter().filter(|one| one.starts_with("delivered")).count(), 11);
}

/// Trial 13, A15. Without the store's list of events, the old release passes over what the new one
/// wants, and its checkpoint with it.
async fn p12_an_event_that_only_the_newer_release_has_is_left_by_every_kind_of_consumer<H: Both>(home: H) {
    let seen = Seen::default();
    let running = Running::new(old_app(&home, &seen).await);
    running.app.execute(old::Place { id: 1, cents: 5 }).await.unwrap();
    until("the old release has done its order", async || {
        (seen.all() == ["delivered 1", "placed order-1"]).then_some(())
    })
    .await;
    let newer = new_app(&home, &seen).await;
    newer.execute(new::Refund { id: 1 }).await.unwrap();
    newer.execute(new::Ship { id: 1 }).await.unwrap();
    for consumer in KINDS {
        assert_eq!(until_waits(&running.app, consumer).await, ("order.refunded".to_owned(), 1), "{consumer}");
    }
    running.stop().await;
    newer.run_until_idle().await.unwrap();
    nothing_parked(&newer).await;
    assert_eq!(statuses(&newer).await, [(1, "shipped".to_owned())]);
    assert_eq!(picks(&newer, 1..2).await, [2]);
    assert_eq!(seen.all(), ["delivered 1", "delivered back-1", "placed order-1", "refunded order-1"]);
}

async fn p12_the_newer_release_takes_over_what_the_older_cannot_read_while_both_run<H: Both>(home: H) {
    let seen = Seen::default();
    let older = Running::new(old_app(&home, &seen).await);
    let newer = Running::new(new_app(&home, &seen).await);
    place(&newer.app, 1..6).await;
    for id in 1..6 {
        older.app.execute(old::Ship { id: id + 100 }).await.unwrap();
        newer.app.execute(new::Refund { id }).await.unwrap();
    }
    until("all is done while both run", async || {
        let refunded: Vec<_> = (1..6).map(|id| (id, "refunded".to_owned())).collect();
        let done = statuses(&newer.app).await == refunded && picks(&newer.app, 1..6).await == [2; 5];
        (done && seen.all().len() == 20).then_some(())
    })
    .await;
    older.stop().await;
    newer.stop().await;
}

async fn p12_a_canary_that_is_rolled_back_leaves_what_the_older_release_can_do<H: Both>(home: H) {
    let seen = Seen::default();
    let older = Running::new(old_app(&home, &seen).await);
    let canary = Running::new(new_app(&home, &seen).await);
    place(&canary.app, 1..3).await;
    until("the canary has done its orders", async || {
        (seen.all().len() == 4 && picks(&canary.app, 1..3).await == [1; 2]).then_some(())
    })
    .await;
    canary.kill().await;
    older.app.execute(old::Place { id: 3, cents: 5 }).await.unwrap();
    until("the older release continues", async || {
        (seen.all().len() == 6 && picks(&older.app, 1..4).await == [1; 3]).then_some(())
    })
    .await;
    nothing_parked(&older.app).await;
    older.stop().await;
}

async fn p12_run_until_idle_says_which_release_is_missing<H: Both>(home: H) {
    let seen = Seen::default();
    let older = old_app(&home, &seen).await;
    let newer = new_app(&home, &seen).await;
    place(&newer, 1..2).await;
    let error = older.run_until_idle().await.unwrap_err();
    let RunError::Failing { problem, .. } = &error else { panic!("{error}") };
    assert_eq!(problem, "waits for a release that reads `order.placed` version 2, at position 1");
    newer.run_until_idle().await.unwrap();
    older.run_until_idle().await.unwrap();
    assert_eq!(seen.all(), ["delivered 1", "placed order-1"]);
}

async fn append<S: EventStore>(store: &S, stream: &str, name: &'static str, version: u32, payload: &str) {
    let payload = kenning::Payload::from_stored(payload);
    let event = NewEvent::new(kenning::EncodedEvent { name, schema_version: version, payload });
    let stream = StreamName::parse(stream).unwrap();
    store.append(Append::to(stream, Expect::Any, vec![event])).await.unwrap();
}

async fn p12_an_event_of_another_category_is_passed_over<H: Both>(home: H) {
    let seen = Seen::default();
    let app = old_app(&home, &seen).await;
    append(&home.store().await, "parcel-1", "parcel.sent", 3, "{}").await;
    app.execute(old::Place { id: 1, cents: 5 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(seen.all(), ["delivered 1", "placed order-1"]);
}

async fn p7_an_event_of_a_known_version_that_does_not_fit_is_parked<H: Both>(home: H) {
    let seen = Seen::default();
    let app = old_app(&home, &seen).await;
    append(&home.store().await, "order-1", "order.placed", 1, r#"{"cents":"many"}"#).await;
    app.execute(old::Place { id: 2, cents: 5 }).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(app.parked().list().await.unwrap().len(), 4);
    assert_eq!(seen.all(), ["delivered 2", "placed order-2"]);
}
