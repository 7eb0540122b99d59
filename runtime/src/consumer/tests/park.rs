//! Events that cannot be handled.

use std::time::Duration;

use super::support::*;
use crate::store::{Append, EventStore, Expect, NewEvent, ParkedRequest};
use crate::{ConsumerOptions, Headers, Kenning, MemoryStore, Payload, StreamName};

/// What is parked: stream, version, and whether it failed by itself.
async fn parked(app: &Kenning) -> Vec<(String, u64, bool)> {
    let list = app.parked().list().await.unwrap();
    list.iter().map(|one| (one.stream.id().to_owned(), one.version.get(), one.error.is_some())).collect()
}

async fn app(store: &MemoryStore) -> Kenning {
    builder(store).read_model::<Shelf>().build().await.unwrap()
}

/// P7: later events of the stream wait, in order; all others flow; a retry keeps the order.
#[tokio::test(start_paused = true)]
async fn p7_a_poison_event_holds_its_stream_back_and_nothing_else() {
    let store = store();
    let app = app(&store).await;
    put(&store, "a", &[placed("bomb"), placed("cup")]).await;
    put(&store, "a", &[taken("bomb"), placed("jug"), taken("cup")]).await;
    put(&store, "b", &[placed("pot"), placed("pan"), taken("pot")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await, [shelf("a", 2, "cup"), shelf("b", 1, "pot")]);
    let a = |version, failed| ("a".to_owned(), version, failed);
    assert_eq!(parked(&app).await, [a(3, true), a(4, false), a(5, false)]);
    let (first, event) = app.parked().show("shelves", 3).await.unwrap().unwrap();
    assert_eq!((first.error.as_deref(), first.attempts), (Some("the handler panicked: boom"), 1));
    assert_eq!(event.metadata.version, 3);
    // One that comes later waits as well, in another run too.
    put(&store, "a", &[placed("lid")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await.len(), 4);
    // What is asked for one that waits has to wait with it, and nobody waits for that.
    let waiting = app.parked().list().await.unwrap().remove(1);
    app.parked().retry(&waiting).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await.len(), 4);
    // A retry that fails again changes nothing but the count.
    app.parked().retry(&first).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await.len(), 4);
    assert_eq!(app.parked().failed().list().await.unwrap()[0].attempts, 2);
    DEFUSED.set(true);
    app.parked().retry(&first).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await, []);
    assert_eq!(shelves(&app).await, [shelf("a", 2, "lid"), shelf("b", 1, "pot")]);
}

#[tokio::test(start_paused = true)]
async fn a_discarded_event_is_passed_over_and_those_behind_it_are_tried() {
    let store = store();
    let app = app(&store).await;
    put(&store, "a", &[placed("cup"), taken("bomb"), placed("jug"), taken("bomb"), placed("lid")]).await;
    let (stop, run) = running(&app);
    until(|| async { parked(&app).await.len() == 4 }).await;
    let first = app.parked().failed().list().await.unwrap().remove(0);
    app.parked().discard(&first, "it was none of ours").await.unwrap();
    // The second bomb holds up the rest again.
    until(|| async { parked(&app).await.len() == 2 }).await;
    assert_eq!(shelves(&app).await, [shelf("a", 2, "jug")]);
    let second = app.parked().failed().list().await.unwrap().remove(0);
    assert_eq!(second.version, 4);
    app.parked().discard(&second, "nor was this").await.unwrap();
    until(|| async { parked(&app).await.is_empty() }).await;
    assert_eq!(shelves(&app).await, [shelf("a", 3, "lid")]);
    // What comes now flows again.
    put(&store, "a", &[taken("lid")]).await;
    until(|| async { shelves(&app).await[0].things == 2 }).await;
    assert!(app.parked().discard(&second, "twice").await.is_err());
    stop.cancel();
    run.await.unwrap().unwrap();
}

/// Trap 22: an event that cannot be decoded is parked, with the reason.
#[tokio::test(start_paused = true)]
async fn p7_an_event_that_cannot_be_decoded_is_parked() {
    let store = store();
    let app = app(&store).await;
    put(&store, "a", &[placed("cup")]).await;
    let corrupt = NewEvent {
        id: uuid::Uuid::now_v7(),
        name: "shelf.placed".into(),
        schema_version: 1,
        payload: Payload::from_stored(r#"{"nothing":"at all"}"#),
        correlation_id: None,
        causation_id: None,
        headers: Headers::new(),
    };
    let stream = StreamName::new("shelf", "a").unwrap();
    store.append(Append::to(stream, Expect::Any, vec![corrupt])).await.unwrap();
    put(&store, "b", &[placed("jug")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await, [shelf("a", 1, "cup"), shelf("b", 1, "jug")]);
    assert_eq!(parked(&app).await, [("a".to_owned(), 2, true)]);
}

/// A batch with a poison event in it is not done event by event: what is well before and after it stays together.
#[tokio::test(start_paused = true)]
async fn one_poison_event_costs_few_transactions() {
    let store = super::flaky::Flaky::new(&store());
    for number in 0..300 {
        put(&store, number, &[placed("cup")]).await;
    }
    put(&store, 7, &[taken("bomb")]).await;
    for number in 0..199 {
        put(&store, number, &[taken("cup")]).await;
    }
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(parked(&app).await, [("7".to_owned(), 2, true), ("7".to_owned(), 3, false)]);
    let batches = super::flaky::count(&store.told.batches);
    assert!(batches <= 8, "{batches} transactions");
    assert_eq!(app.query::<Shelf>().filter(Shelf::THINGS.eq(0)).count().await.unwrap(), 198);
}

/// A handler of a projection that fails, panics or hangs is tried again, then the event is parked; the others of the batch are done once.
#[tokio::test(start_paused = true)]
async fn p7_a_projection_is_tried_again_and_parked() {
    for (thing, reason) in [
        ("glue", "it sticks"),
        ("bomb", "the handler panicked: boom"),
        ("mud", "the handler did not come to an end within 2s"),
    ] {
        let store = store();
        JOURNAL.take();
        let options = ConsumerOptions::new().attempts(3).timeout(Duration::from_secs(2));
        let app = builder(&store).projection_with(Journal, options).build().await.unwrap();
        put(&store, "a", &[placed("cup"), placed(thing), placed("jug")]).await;
        put(&store, "b", &[placed("pot")]).await;
        CALLS.set(0);
        app.run_until_idle().await.unwrap();
        assert_eq!(journal(), ["a:cup", "b:pot"], "{thing}");
        let list = app.parked().failed().list().await.unwrap();
        assert_eq!((list[0].error.as_deref(), list[0].attempts), (Some(reason), 3));
        // The batch, then one by one: cup, three times the thing, nothing for the one behind it, pot.
        assert_eq!(CALLS.get(), 1 + 1 + 3 + 1, "{thing}");
        DEFUSED.set(true);
        app.parked().retry(&list[0]).await.unwrap();
        app.run_until_idle().await.unwrap();
        assert_eq!(journal()[2..], [format!("a:{thing}"), "a:jug".to_owned()]);
        DEFUSED.set(false);
    }
}

/// An error of the store in a handler's error is no fault of the event: it is tried for as long as it takes.
#[tokio::test(start_paused = true)]
async fn a_handler_that_lost_its_connection_is_tried_for_ever() {
    let store = store();
    let (first, longest) = (Duration::from_millis(10), Duration::from_millis(100));
    let options = ConsumerOptions::new().attempts(2).backoff(first, longest);
    let app = builder(&store).projection_with(Journal, options).build().await.unwrap();
    put(&store, "a", &[placed("cable")]).await;
    let (stop, run) = running(&app);
    until(|| async { CALLS.get() > 10 }).await;
    assert_eq!(parked(&app).await, []);
    let status = app.consumer("journal").status().await.unwrap();
    assert!(status.problem.unwrap().contains("cut"));
    assert!(status.lag > Duration::ZERO);
    DEFUSED.set(true);
    until(|| async { journal() == ["a:cable"] }).await;
    until(|| async { app.consumer("journal").status().await.unwrap().problem.is_none() }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
}

/// Whoever takes a partition over knows which streams are held up, and does what was asked of another.
#[tokio::test(start_paused = true)]
async fn parked_events_are_known_to_the_next_holder() {
    let store = store();
    let first = app(&store).await;
    put(&store, "a", &[placed("cup"), taken("bomb")]).await;
    first.run_until_idle().await.unwrap();
    let bomb = first.parked().list().await.unwrap().remove(0);
    let second = app(&store).await;
    put(&store, "a", &[placed("jug")]).await;
    second.run_until_idle().await.unwrap();
    assert_eq!(parked(&second).await.len(), 2);
    DEFUSED.set(true);
    let read_side = store.clone();
    let request = ParkedRequest::Retry;
    assert!(
        crate::store::ConsumerStore::request(&read_side, "shelves", bomb.position, request).await.unwrap()
    );
    second.run_until_idle().await.unwrap();
    assert_eq!(parked(&second).await, []);
    assert_eq!(shelves(&second).await, [shelf("a", 1, "jug")]);
}
