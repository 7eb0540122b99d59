//! What the rules share.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use uuid::Uuid;

use crate::headers::Headers;
use crate::number::{Position, Version};
use crate::payload::Payload;
use crate::recorded::RecordedEvent;
use crate::store::{
    Append, AppendError, Appended, CommandRecord, Conflict, EventStore, Expect, FeedQuery, LedgerEntry,
    NewEvent, StreamQuery,
};
use crate::stream::StreamName;

/// The store under test, as the rules take it.
pub type Store = Arc<dyn EventStore>;

/// Far more than anything here takes: reaching it means that something waits for ever.
const FOR_EVER: Duration = Duration::from_secs(120);

/// Long enough that what is not blocked would have finished. A slow machine makes a rule pass that had to fail, never the reverse.
const BLOCKED: Duration = Duration::from_millis(150);

pub(in crate::testing) fn stream(id: &str) -> StreamName {
    stream_in("contract", id)
}

pub(super) fn stream_in(category: &str, id: &str) -> StreamName {
    StreamName::new(category, id).expect("a legal stream name")
}

/// An event whose payload is its number.
pub(in crate::testing) fn event(number: u64) -> NewEvent {
    named("contract.counted", number)
}

pub(super) fn named(name: &str, number: u64) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        name: name.into(),
        schema_version: 1,
        payload: Payload::from_stored(format!("{{\"number\":{number}}}")),
        correlation_id: None,
        causation_id: None,
        headers: Headers::new(),
    }
}

pub(super) fn events(numbers: RangeInclusive<u64>) -> Vec<NewEvent> {
    numbers.map(event).collect()
}

/// The text of an event's payload, as [`event`] wrote it.
pub(super) fn number(event: &RecordedEvent) -> u64 {
    let digits: String = event.payload.as_str().chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("the payload is a number")
}

pub(super) fn numbers(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(number).collect()
}

pub(super) fn command(id: Uuid, body: u8) -> LedgerEntry {
    LedgerEntry { command_id: id, body_hash: [body; 32] }
}

/// Fails the rule when the future never ends.
pub(in crate::testing) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(FOR_EVER, future).await.expect("it waits for ever")
}

/// Whether a future is waiting for something; it goes on afterwards.
pub(super) async fn is_blocked<F: Future + Unpin>(future: &mut F) -> bool {
    tokio::time::timeout(BLOCKED, future).await.is_err()
}

/// Polls once, so that the future has begun.
pub(super) fn begun<F: Future + Unpin>(future: &mut F) -> bool {
    future.now_or_never().is_none()
}

pub(in crate::testing) async fn append(
    store: &dyn EventStore,
    stream: &StreamName,
    expect: Expect,
    events: Vec<NewEvent>,
) -> Appended {
    let appended = within(store.append(Append::to(stream.clone(), expect, events))).await;
    appended.expect("the append is accepted")
}

/// The only position of an append of one event.
pub(in crate::testing) fn position(appended: &Appended) -> Position {
    appended.streams[0].position().expect("there is an event")
}

/// What must be a conflict.
pub(super) fn conflict<T>(result: Result<T, AppendError>) -> Conflict {
    match result {
        Err(AppendError::Conflict(conflict)) => conflict,
        Err(other) => panic!("a conflict was to be expected, not {other:?}"),
        Ok(_) => panic!("a conflict was to be expected, not success"),
    }
}

/// What must be a duplicate.
pub(super) fn duplicate<T>(result: Result<T, AppendError>) -> CommandRecord {
    match result {
        Err(AppendError::DuplicateCommand(record)) => record,
        Err(other) => panic!("a duplicate command was to be expected, not {other:?}"),
        Ok(_) => panic!("a duplicate command was to be expected, not success"),
    }
}

pub(super) async fn read(store: &dyn EventStore, query: StreamQuery) -> Vec<RecordedEvent> {
    within(store.read_stream(query).try_collect()).await.expect("the stream can be read")
}

/// All events of a stream, whose versions must be 1, 2, 3 and so on.
pub(super) async fn all(store: &dyn EventStore, stream: &StreamName) -> Vec<RecordedEvent> {
    let events = read(store, StreamQuery::forwards(stream.clone())).await;
    for (nth, event) in events.iter().enumerate() {
        assert_eq!(event.metadata.version, nth as u64 + 1, "the versions of {stream} have no hole");
    }
    events
}

pub(super) async fn version(store: &dyn EventStore, stream: &StreamName) -> Version {
    let last = read(store, StreamQuery::backwards(stream.clone()).limit(1)).await;
    last.first().map_or(Version::ZERO, |event| event.metadata.version)
}

/// Everything that a query delivers up to the head of now, page by page, and where it ended.
pub(super) async fn follow(store: &dyn EventStore, mut query: FeedQuery) -> (Vec<RecordedEvent>, Position) {
    let mut delivered: Vec<RecordedEvent> = Vec::new();
    loop {
        let page = within(store.read_feed(query.clone())).await.expect("the feed can be read");
        assert!(page.events.len() <= query.limit, "a page keeps to its limit");
        let mut last = query.after;
        for event in &page.events {
            assert!(event.metadata.position > last, "the feed is in the order of positions");
            last = event.metadata.position;
        }
        assert!(last <= page.through, "nothing after `through` is delivered");
        assert!(page.through >= query.after, "a page never goes back");
        let advanced = page.through > query.after;
        assert!(advanced || page.is_at_head(), "a page that is not at the head advances");
        let at_head = page.is_at_head();
        query.after = page.through;
        delivered.extend(page.events);
        if at_head {
            return (delivered, query.after);
        }
    }
}

/// The whole feed.
pub(super) async fn feed(store: &dyn EventStore) -> Vec<RecordedEvent> {
    follow(store, FeedQuery::after(0)).await.0
}

/// The positions of events.
pub(super) fn positions(events: &[RecordedEvent]) -> Vec<Position> {
    events.iter().map(|event| event.metadata.position).collect()
}
