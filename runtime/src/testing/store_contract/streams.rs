//! Reading one stream.

use futures_util::StreamExt;
use futures_util::future::join_all;

use super::support::{Store, all, append, events, number, numbers, read, stream, within};
use crate::number::Version;
use crate::payload::DecodeError;
use crate::store::{EventStore, Expect, RehydrateError, StreamQuery};
use crate::stream::StreamName;

/// Both directions, from every version, with every limit.
pub async fn streams_are_read_in_both_directions(store: Store) {
    let stream = stream("read");
    append(&*store, &stream, Expect::New, events(1..=7)).await;
    for from in [None, Some(0), Some(1), Some(4), Some(7), Some(8), Some(u64::MAX)] {
        for limit in [None, Some(0), Some(1), Some(3), Some(7), Some(u64::MAX)] {
            let limited = |query: StreamQuery| {
                let query = from.map_or(query.clone(), |from| query.from(from));
                limit.map_or(query.clone(), |limit| query.limit(limit))
            };
            let most = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
            let forwards: Vec<u64> =
                (1..=7).filter(|n| from.is_none_or(|from| *n >= from)).take(most).collect();
            let backwards: Vec<u64> =
                (1..=7).rev().filter(|n| from.is_none_or(|from| *n <= from)).take(most).collect();
            let read_forwards = read(&*store, limited(StreamQuery::forwards(stream.clone()))).await;
            let read_backwards = read(&*store, limited(StreamQuery::backwards(stream.clone()))).await;
            assert_eq!(numbers(&read_forwards), forwards, "forwards from {from:?}, limit {limit:?}");
            assert_eq!(numbers(&read_backwards), backwards, "backwards from {from:?}, limit {limit:?}");
        }
    }
}

/// A stream that has no event is empty, and names that resemble each other are different streams.
pub async fn streams_do_not_mix(store: Store) {
    let names = ["a", "A", "aa", "a-a", "a.a"].map(stream);
    for (nth, name) in names.iter().enumerate() {
        assert_eq!(read(&*store, StreamQuery::forwards(name.clone())).await, []);
        assert_eq!(read(&*store, StreamQuery::backwards(name.clone())).await, []);
        append(&*store, name, Expect::New, events(nth as u64..=nth as u64)).await;
    }
    for (nth, name) in names.iter().enumerate() {
        assert_eq!(numbers(&all(&*store, name).await), [nth as u64]);
    }
}

/// Streams longer than any chunk a store might read in, in both directions.
pub async fn long_streams_are_read_whole(store: Store) {
    let stream = stream("long");
    append(&*store, &stream, Expect::New, events(1..=3_000)).await;
    assert_eq!(numbers(&all(&*store, &stream).await), (1..=3_000).collect::<Vec<_>>());
    let back = read(&*store, StreamQuery::backwards(stream.clone())).await;
    assert_eq!(numbers(&back), (1..=3_000).rev().collect::<Vec<_>>());
    let middle = read(&*store, StreamQuery::backwards(stream).from(2_000).limit(1_000)).await;
    assert_eq!(numbers(&middle), (1_001..=2_000).rev().collect::<Vec<_>>());
}

/// A reader that stops in the middle takes nothing with it: no connection, no lock.
pub async fn a_reader_may_stop_in_the_middle(store: Store) {
    let stream = stream("stopped");
    append(&*store, &stream, Expect::New, events(1..=1_000)).await;
    for round in 0..100 {
        let mut events = store.read_stream(StreamQuery::forwards(stream.clone()));
        for nth in 1..=round % 4 {
            let event = within(events.next()).await.expect("there are more").expect("it can be read");
            assert_eq!(number(&event), nth);
        }
    }
    append(&*store, &stream, Expect::Exactly(Version::new(1_000)), events(1_001..=1_001)).await;
    assert_eq!(all(&*store, &stream).await.len(), 1_001);
}

async fn replay(store: &dyn EventStore, stream: &StreamName, after: u64) -> (Vec<u64>, Version) {
    let mut seen = Vec::new();
    let mut visit = |event: crate::RawEvent<'_>| {
        assert_eq!((event.name, event.schema_version), ("contract.counted", 1));
        assert_eq!(event.payload, format!("{{\"number\":{}}}", event.version).as_bytes());
        seen.push(event.version.get());
        Ok(())
    };
    let reached =
        within(store.rehydrate(stream, Version::new(after), &mut visit)).await.expect("it can be replayed");
    (seen, reached)
}

/// A replay shows every event after a version, in order, and says which version it reached.
pub async fn a_replay_shows_what_is_after_a_version(store: Store) {
    let stream = stream("replayed");
    assert_eq!(replay(&*store, &stream, 0).await, (Vec::new(), Version::ZERO));
    append(&*store, &stream, Expect::New, events(1..=600)).await;
    for after in [0, 1, 299, 599] {
        assert_eq!(replay(&*store, &stream, after).await, ((after + 1..=600).collect(), Version::new(600)));
    }
    for after in [600, 601, u64::MAX] {
        assert_eq!(replay(&*store, &stream, after).await, (Vec::new(), Version::new(after)));
    }
}

/// Many replays at once, which a store may answer together, see each its own stream.
pub async fn replays_at_once_see_their_own_stream(store: Store) {
    for nth in 0..20 {
        append(&*store, &stream(&format!("one{nth}")), Expect::New, events(1..=nth + 1)).await;
    }
    let replays = (0..200_u64).map(|nth| {
        let store = store.clone();
        tokio::spawn(async move { replay(&*store, &stream(&format!("one{}", nth % 20)), nth % 3).await })
    });
    for (nth, replayed) in within(join_all(replays)).await.into_iter().enumerate() {
        let (nth, (seen, reached)) = (nth as u64, replayed.expect("no replay panics"));
        let (last, after) = (nth % 20 + 1, nth % 3);
        assert_eq!(seen, (after + 1..=last).collect::<Vec<_>>());
        assert_eq!(reached, last.max(after));
    }
}

/// Trap 22: an event that cannot be decoded is an error that names it: not skipped, not a panic.
pub async fn trap_22_an_undecodable_event_is_an_error(store: Store) {
    let stream = stream("corrupt");
    append(&*store, &stream, Expect::New, events(1..=5)).await;
    let mut seen = Vec::new();
    let mut visit = |event: crate::RawEvent<'_>| {
        seen.push(event.version.get());
        if event.version == 3 { Err(DecodeError::unknown_name(event.name)) } else { Ok(()) }
    };
    let error = within(store.rehydrate(&stream, Version::ZERO, &mut visit))
        .await
        .expect_err("event 3 cannot be read");
    let RehydrateError::Decode { stream: of, version, source } = error else { panic!("{error:?}") };
    assert_eq!((of, version), (stream.clone(), Version::new(3)));
    assert!(matches!(source, DecodeError::UnknownName { name } if name == "contract.counted"));
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(replay(&*store, &stream, 3).await, (vec![4, 5], Version::new(5)), "the store goes on");
}
