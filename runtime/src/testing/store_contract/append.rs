//! Appending: what is stored, what is refused.

use uuid::Uuid;

use super::support::{Store, all, append, conflict, event, events, feed, numbers, stream, version, within};
use crate::headers::Headers;
use crate::limits::{MAX_APPEND_BYTES, MAX_EVENT_NAME, MAX_EVENTS, MAX_HEADERS, MAX_PAYLOAD, MAX_STREAMS};
use crate::number::Version;
use crate::payload::Payload;
use crate::store::{Append, AppendError, Expect, InvalidAppend, NewEvent};
use crate::stream::StreamName;

/// Everything that was written is read back, and what the answer said.
pub async fn what_was_appended_is_read_back(store: Store) {
    let stream = stream("written");
    let full = NewEvent {
        schema_version: 3,
        correlation_id: Some(Uuid::now_v7()),
        causation_id: Some(Uuid::now_v7()),
        headers: [("traceparent", "00-1-2-03"), ("tenant", "né \"quoted\" {}")].into_iter().collect(),
        ..event(1)
    };
    let written = [full.clone(), event(2)];
    let appended = append(&*store, &stream, Expect::New, written.to_vec()).await;
    let [to] = appended.streams.as_slice() else { panic!("one stream was named") };
    assert_eq!(to.stream, stream);
    assert_eq!(to.version, 2);

    let stored = all(&*store, &stream).await;
    assert_eq!(stored.len(), 2);
    for ((stored, written), position) in stored.iter().zip(&written).zip(&to.positions) {
        assert_eq!(stored.metadata.id, written.id);
        assert_eq!(stored.metadata.stream, stream);
        assert_eq!(stored.metadata.position, *position);
        assert_eq!(stored.metadata.correlation_id, written.correlation_id);
        assert_eq!(stored.metadata.causation_id, written.causation_id);
        assert_eq!(stored.metadata.headers, written.headers);
        assert_eq!(stored.metadata.recorded_at, appended.recorded_at);
        assert_eq!(stored.name, written.name);
        assert_eq!(stored.schema_version, written.schema_version);
        assert_eq!(stored.payload, written.payload);
    }
    assert_eq!(feed(&*store).await, stored, "the feed delivers the same");
}

/// The text of a payload comes back byte for byte: key order, spaces, big numbers, escapes.
pub async fn payloads_keep_their_text(store: Store) {
    let texts = [
        r#"{"b":1,"a":[ 2,3 ],"n":123456789012345678901234567890,"x":1e2}"#,
        r#"{"escaped":"\u0000 \\ \" \n","plain":"ü 🐳 'quote' $1 {1,2}"}"#,
        "null",
        "[]",
        r#""text""#,
    ];
    let stream = stream("payloads");
    let written = texts.map(|text| NewEvent { payload: Payload::from_stored(text), ..event(0) });
    append(&*store, &stream, Expect::New, written.to_vec()).await;
    let stored = all(&*store, &stream).await;
    assert_eq!(stored.iter().map(|event| event.payload.as_str()).collect::<Vec<_>>(), texts);
}

/// Whatever `StreamName` allows names a stream of its own.
pub async fn odd_ids_name_streams_of_their_own(store: Store) {
    let longest = "x".repeat(crate::MAX_STREAM_NAME - "contract-".len());
    let ids = [
        "a-b", "a", "a-", "-", "{a,b}", "a,b", r#"a"b"#, r"a\b", "a'b", "%", "_", "ü🐳", "NULL", " a",
        &longest,
    ];
    let named: Vec<StreamName> = ids.iter().map(|id| stream(id)).collect();
    let each = |(nth, stream): (usize, &StreamName)| (stream.clone(), event(nth as u64));
    let append = named
        .iter()
        .enumerate()
        .map(each)
        .fold(Append { streams: Vec::new(), command: None }, |append, (stream, event)| {
            append.and(stream, Expect::New, vec![event])
        });
    within(store.append(append)).await.expect("the names are legal");
    for (nth, stream) in named.iter().enumerate() {
        let stored = all(&*store, stream).await;
        assert_eq!(numbers(&stored), [nth as u64], "{stream}");
        assert_eq!(stored[0].metadata.stream, *stream);
    }
}

/// `Any` takes the stream as it is, `New` only an empty one, `Exactly` only that version.
pub async fn expectations_are_checked(store: Store) {
    let stream = stream("expected");
    append(&*store, &stream, Expect::Any, events(1..=1)).await;
    append(&*store, &stream, Expect::Any, events(2..=2)).await;
    append(&*store, &stream, Expect::Exactly(Version::new(2)), events(3..=3)).await;
    for wrong in [0, 1, 2, 4, 1000]
        .map(|version| Expect::Exactly(Version::new(version)))
        .into_iter()
        .chain([Expect::New])
    {
        let refused = conflict(store.append(Append::to(stream.clone(), wrong, events(9..=9))).await);
        assert_eq!(refused.stream, stream);
        assert_eq!(refused.expected, wrong);
        assert_eq!(refused.actual, 3);
    }
    assert_eq!(numbers(&all(&*store, &stream).await), [1, 2, 3]);
    let unborn = super::support::stream("unborn");
    let refused = conflict(
        store.append(Append::to(unborn.clone(), Expect::Exactly(Version::new(1)), events(9..=9))).await,
    );
    assert_eq!(refused.actual, 0);
    append(&*store, &unborn, Expect::Exactly(Version::ZERO), events(1..=1)).await;
}

/// Trap 3: a version of several digits is compared as the number that it is.
pub async fn trap_3_a_conflict_at_version_10_and_above_is_a_conflict(store: Store) {
    let stream = stream("long");
    for (from, to) in [(1, 10), (11, 100), (101, 1_000)] {
        append(&*store, &stream, Expect::Any, events(from..=to)).await;
        let stale = Expect::Exactly(Version::new(to - 1));
        let refused = conflict(store.append(Append::to(stream.clone(), stale, events(0..=0))).await);
        assert_eq!((refused.expected, refused.actual), (stale, Version::new(to)));
    }
    assert_eq!(version(&*store, &stream).await, 1_000);
}

/// Trap 5: what an append reports after a failed one is what it did.
pub async fn trap_5_after_a_failed_append_the_next_one_writes(store: Store) {
    let stream = stream("failed");
    append(&*store, &stream, Expect::New, events(1..=1)).await;
    let kept = events(2..=3);
    conflict(store.append(Append::to(stream.clone(), Expect::New, kept.clone())).await);
    // The very same events again, as a caller does that kept them.
    append(&*store, &stream, Expect::Exactly(Version::new(1)), kept.clone()).await;
    let stored = all(&*store, &stream).await;
    assert_eq!(numbers(&stored), [1, 2, 3]);
    assert_eq!(stored[2].metadata.id, kept[1].id);
}

/// Trap 7: 70,000 events in one stream, and versions beyond 32 bits are not cut.
pub async fn trap_7_versions_do_not_wrap(store: Store) {
    let stream = stream("endless");
    let batch = MAX_EVENTS as u64;
    let batches = 70_000 / batch + 1;
    for nth in 0..batches {
        let expect = Expect::Exactly(Version::new(nth * batch));
        append(&*store, &stream, expect, events(nth * batch + 1..=(nth + 1) * batch)).await;
    }
    let total = batches * batch;
    assert!(total > 65_536);
    assert_eq!(numbers(&all(&*store, &stream).await), (1..=total).collect::<Vec<_>>());
    for beyond in [total + (1 << 16), total + (1 << 32), 1 << 63, u64::MAX] {
        let expect = Expect::Exactly(Version::new(beyond));
        let refused = conflict(store.append(Append::to(stream.clone(), expect, events(0..=0))).await);
        assert_eq!((refused.expected, refused.actual), (expect, Version::new(total)));
    }
}

/// Trap 8: nothing to append is no error and changes nothing, and the expectation counts.
pub async fn trap_8_an_empty_list_of_events_is_a_no_op(store: Store) {
    let (unborn, stream) = (stream("unborn"), stream("born"));
    let appended = append(&*store, &unborn, Expect::New, Vec::new()).await;
    assert_eq!((appended.streams[0].version, appended.streams[0].positions.len()), (Version::ZERO, 0));
    assert_eq!(appended.streams[0].position(), None);
    append(&*store, &unborn, Expect::New, Vec::new()).await;
    append(&*store, &stream, Expect::New, events(1..=2)).await;
    let appended = append(&*store, &stream, Expect::Exactly(Version::new(2)), Vec::new()).await;
    assert_eq!(appended.streams[0].version, 2);
    assert_eq!(append(&*store, &stream, Expect::Any, Vec::new()).await.streams[0].version, 2);
    let refused = conflict(store.append(Append::to(stream.clone(), Expect::New, Vec::new())).await);
    assert_eq!((refused.expected, refused.actual), (Expect::New, Version::new(2)));
    assert_eq!(feed(&*store).await.len(), 2);
}

/// Streams of one append are written all or not at all.
pub async fn several_streams_are_all_or_nothing(store: Store) {
    let (one, two, three) = (stream("one"), stream("two"), stream("three"));
    append(&*store, &two, Expect::New, events(1..=1)).await;
    let both = |expect| {
        Append::to(one.clone(), Expect::New, events(1..=2)).and(two.clone(), expect, events(2..=2)).and(
            three.clone(),
            Expect::Any,
            Vec::new(),
        )
    };
    let refused = conflict(store.append(both(Expect::New)).await);
    assert_eq!((&refused.stream, refused.expected, refused.actual), (&two, Expect::New, Version::new(1)));
    assert_eq!(version(&*store, &one).await, 0);
    assert_eq!(feed(&*store).await.len(), 1);

    let appended = within(store.append(both(Expect::Exactly(Version::new(1))))).await.expect("as expected");
    let answered: Vec<_> =
        appended.streams.iter().map(|to| (to.stream.clone(), to.version.get(), to.positions.len())).collect();
    assert_eq!(
        answered,
        [(one.clone(), 2, 2), (two.clone(), 2, 1), (three, 0, 0)],
        "in the order of the append"
    );
    assert_eq!(numbers(&all(&*store, &one).await), [1, 2]);
    assert_eq!(numbers(&all(&*store, &two).await), [1, 2]);
    for to in &appended.streams {
        assert!(to.positions.is_sorted_by(|one, other| one < other));
    }
}

/// An append beyond a limit is refused before anything is written; one at the limit is stored.
pub async fn limits_are_kept(store: Store) {
    let (one, other) = (stream("limits"), stream("other"));
    let text = |bytes: usize| Payload::from_stored(format!("\"{}\"", "x".repeat(bytes - 2)));
    let header = |bytes: usize| [("n", "x".repeat(bytes - 1))].into_iter().collect::<Headers>();
    let largest = NewEvent {
        name: "n".repeat(MAX_EVENT_NAME).into(),
        payload: text(MAX_PAYLOAD),
        headers: header(MAX_HEADERS),
        schema_version: i32::MAX as u32,
        ..event(0)
    };
    let refused = [
        NewEvent { name: "n".repeat(MAX_EVENT_NAME + 1).into(), ..event(0) },
        NewEvent { name: "".into(), ..event(0) },
        NewEvent { name: "a\0".into(), ..event(0) },
        NewEvent { payload: text(MAX_PAYLOAD + 1), ..event(0) },
        NewEvent { headers: header(MAX_HEADERS + 1), ..event(0) },
        NewEvent { schema_version: 0, ..event(0) },
        NewEvent { schema_version: i32::MAX as u32 + 1, ..event(0) },
    ];
    for event in refused {
        let append =
            Append::to(other.clone(), Expect::Any, events(1..=1)).and(one.clone(), Expect::Any, vec![event]);
        invalid(&store, append).await;
    }
    let streams = |count: usize| {
        let empty = Append { streams: Vec::new(), command: None };
        (0..count)
            .fold(empty, |append, nth| append.and(stream(&format!("many{nth}")), Expect::New, events(1..=1)))
    };
    assert_eq!(invalid(&store, streams(0)).await, InvalidAppend::NoStream);
    invalid(&store, streams(MAX_STREAMS + 1)).await;
    invalid(&store, Append::to(one.clone(), Expect::Any, events(0..=MAX_EVENTS as u64))).await;
    // Each event is small enough; together they are too large.
    let count = MAX_APPEND_BYTES / MAX_PAYLOAD;
    let heavy = (0..count).map(|_| NewEvent { payload: text(MAX_PAYLOAD), ..event(0) }).collect();
    let refused = invalid(&store, Append::to(one.clone(), Expect::Any, heavy)).await;
    assert!(matches!(refused, InvalidAppend::TooManyBytes { bytes } if bytes > MAX_APPEND_BYTES));
    let twice = Append::to(one.clone(), Expect::Any, events(1..=1)).and(one.clone(), Expect::Any, Vec::new());
    assert_eq!(invalid(&store, twice).await, InvalidAppend::StreamTwice { stream: one.clone() });
    assert!(feed(&*store).await.is_empty());

    append(&*store, &one, Expect::New, vec![largest.clone()]).await;
    let stored = all(&*store, &one).await;
    assert_eq!((&stored[0].name, &stored[0].payload), (&largest.name, &largest.payload));
    assert_eq!(
        (&stored[0].metadata.headers, stored[0].schema_version),
        (&largest.headers, largest.schema_version)
    );
    within(store.append(streams(MAX_STREAMS))).await.expect("as many streams as are allowed");
}

async fn invalid(store: &Store, append: Append) -> InvalidAppend {
    match store.append(append).await {
        Err(AppendError::Invalid(invalid)) => invalid,
        other => panic!("the append breaks a limit, and the store says {other:?}"),
    }
}
