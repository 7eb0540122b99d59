//! Events that are set aside and tried again by themselves, and what failures keep from happening.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    LONG, NAME, Worker, advance, begin, claim, commit, live, moved, opened, park, poison, record, records,
    row, rows, spec, store_rows, stream, wait, within,
};
use crate::number::Position;
use crate::store::{ConsumerStore, Lease, NewParked, ParkedQuery, ParkedRequest};

fn aside(position: u64, id: &str, retry_after: Duration) -> NewParked {
    NewParked { retry_after: Some(retry_after), attempts: 1, ..poison(position, id, Some("it fails")) }
}

async fn requested<S: ConsumerStore>(store: &S, lease: &Lease) -> Vec<String> {
    let streams = within(store.requested_streams(lease)).await.expect("the requests are listed");
    streams.iter().map(|stream| stream.id().to_owned()).collect()
}

/// An event that is set aside is tried again without a request when its time has come, and not before.
/// It is no failed one until it is parked.
pub async fn p7_an_event_set_aside_is_due_by_itself<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    let soon = Duration::from_millis(200);
    let events = [aside(3, "soon", soon), poison(4, "soon", None), aside(5, "late", LONG)];
    park(&*store, &lease, 0, &events).await;
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting, known.retrying), (0, 1, 2));
    let query = ParkedQuery { failed_only: true, ..ParkedQuery::default() };
    assert_eq!(within(store.parked(&query)).await.expect("they are listed"), []);
    for _ in 0..200 {
        if !requested(&*store, &lease).await.is_empty() {
            break;
        }
        wait(soon / 4).await;
    }
    assert_eq!(requested(&*store, &lease).await, ["soon"]);
    // Parked at last, it is due no longer.
    park(&*store, &lease, 0, &[poison(3, "soon", Some("it fails for ever"))]).await;
    assert_eq!(requested(&*store, &lease).await, Vec::<String>::new());
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting, known.retrying), (1, 1, 1));
    let failed = within(store.parked(&query)).await.expect("they are listed");
    assert_eq!((failed.len(), failed[0].retry_at), (1, None));
    // An operator need not wait.
    assert!(within(store.request(NAME, Position::new(5), ParkedRequest::Retry)).await.expect("it is asked"));
    assert_eq!(requested(&*store, &lease).await, ["late"]);
}

/// Several events are taken out in one go, and the next one of each stream is tried.
pub async fn parked_events_are_taken_out_together<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    let events = [
        poison(1, "a", Some("it fails")),
        poison(2, "b", Some("it fails")),
        poison(3, "a", None),
        poison(4, "a", None),
        poison(5, "b", None),
        poison(6, "c", Some("it fails")),
    ];
    park(&*store, &lease, 0, &events).await;
    let mut batch = begin(&*store).await;
    let positions = [1, 3, 2].map(Position::new);
    within(store.unpark_all(&mut batch, &lease, &positions)).await.expect("they are taken out");
    assert!(advance(&*store, &mut batch, &lease, 0, 0).await);
    commit(&*store, batch).await;
    assert_eq!(requested(&*store, &lease).await, ["a", "b"]);
    let known = record(&*store, NAME).await;
    assert_eq!((known.failed, known.waiting), (1, 2));
    let asked = ["a", "c", "d"].map(stream);
    let mut among = within(store.parked_among(&lease, &asked)).await.expect("they are found");
    among.sort();
    assert_eq!(among, ["a", "c"].map(stream));
}

/// A generation that paused itself says why, gets no leases and is resumed by the operator. Only a
/// holder of its leases can do that, and its other generation is left alone.
pub async fn p7_a_generation_may_pause_itself<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let old = opened(&*store, &spec).await;
    let number = within(store.rebuild(&spec)).await.expect("it is built anew");
    let new = claim(&*store, NAME, number).await;
    let lost = Lease { epoch: new.epoch + 1, ..new.clone() };
    assert!(!within(store.halt(&lost, "not mine")).await.expect("it can be asked"));
    assert!(within(store.halt(&new, "too many")).await.expect("it is paused"));
    assert!(!moved(&*store, &new, 0, 1).await, "its lease is lost");
    assert!(moved(&*store, &old, 0, 1).await, "the live one continues");
    let known = records(&*store, NAME).await;
    let reasons: Vec<_> = known.iter().map(|one| (one.paused, one.pause_reason.as_deref())).collect();
    assert_eq!(reasons, [(false, None), (true, Some("too many"))]);
    let mut worker = Worker::new();
    assert_eq!(worker.ask(&*store, &[(NAME, number)], LONG).await, []);
    assert!(within(store.pause(NAME, false)).await.expect("it is resumed"));
    assert_eq!(worker.ask(&*store, &[(NAME, number)], LONG).await.len(), 1);
    assert_eq!(records(&*store, NAME).await[1].pause_reason, None);
}

/// A table with failed events does not replace the live one, nor stop it, unless an operator says so.
pub async fn p7_a_rebuild_with_failed_events_replaces_nothing<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let old = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &old, (0, 5), vec![row("good", 1)]).await;
    assert!(!within(store.replace_anyway(NAME, "nothing is built")).await.expect("it can be asked"));
    let number = within(store.rebuild(&spec)).await.expect("it is built anew");
    let new = claim(&*store, NAME, number).await;
    assert!(moved(&*store, &new, 0, 5).await);
    park(&*store, &new, 5, &[aside(3, "one", LONG)]).await;
    assert!(!within(store.swap(&new)).await.expect("it can be tried"), "an event is being retried");
    park(&*store, &new, 5, &[poison(3, "one", Some("it fails"))]).await;
    assert!(!within(store.swap(&new)).await.expect("it can be tried"), "an event has failed");
    assert!(moved(&*store, &old, 5, 5).await, "the live one was not stopped");
    assert_eq!(rows(&*store, &live(&spec)).await, [row("good", 1)]);
    assert!(within(store.replace_anyway(NAME, "it was a test")).await.expect("it can be asked"));
    let known = records(&*store, NAME).await;
    assert_eq!(known[1].replace_anyway.as_deref(), Some("it was a test"));
    assert!(within(store.swap(&new)).await.expect("it can be tried"));
    assert_eq!(rows(&*store, &live(&spec)).await, []);
}
