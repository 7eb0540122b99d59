//! Many writers at once.

use std::collections::HashSet;

use futures_util::future::join_all;
use uuid::Uuid;

use super::support::{Store, all, append, event, events, feed, number, numbers, stream, version, within};
use crate::number::Version;
use crate::store::{Append, AppendError, Expect};

/// Trap 2: as many events are stored as appends were answered with success.
///
/// `MemoryStore` without its lock over check and write fails this.
pub async fn trap_2_concurrent_appends_to_one_stream_lose_nothing(store: Store) {
    let stream = stream("busy");
    let writers = (0..10_u64).map(|writer| {
        let (store, stream) = (store.clone(), stream.clone());
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for nth in 0..20 {
                let event = event(writer * 100 + nth);
                ids.push(event.id);
                append(&*store, &stream, Expect::Any, vec![event]).await;
            }
            ids
        })
    });
    let written: HashSet<Uuid> =
        within(join_all(writers)).await.into_iter().flat_map(Result::unwrap_or_default).collect();
    let stored = all(&*store, &stream).await;
    assert_eq!((written.len(), stored.len()), (200, 200));
    assert_eq!(stored.iter().map(|event| event.metadata.id).collect::<HashSet<_>>(), written);
    assert_eq!(feed(&*store).await, stored, "versions and positions of a stream grow together");
}

/// Of all who want to write one version, one does, and the others are told which version there is.
pub async fn one_writer_wins_each_version(store: Store) {
    let stream = stream("contended");
    for round in 0..10_u64 {
        let expect = Expect::Exactly(Version::new(round));
        let writers = (0..16).map(|_| {
            let (store, append) = (store.clone(), Append::to(stream.clone(), expect, events(round..=round)));
            tokio::spawn(async move { store.append(append).await })
        });
        let mut winners = 0;
        for answer in within(join_all(writers)).await {
            match answer.expect("no writer panics") {
                Ok(appended) => {
                    winners += 1;
                    assert_eq!(appended.streams[0].version, round + 1);
                }
                Err(AppendError::Conflict(conflict)) => {
                    assert_eq!((conflict.expected, conflict.actual), (expect, Version::new(round + 1)));
                }
                Err(other) => panic!("a loser is told of the conflict, not {other:?}"),
            }
        }
        assert_eq!(winners, 1, "one writer wins version {}", round + 1);
    }
    assert_eq!(numbers(&all(&*store, &stream).await), (0..10).collect::<Vec<_>>());
}

/// Conflicting appends fail alone, whatever is written together with them.
pub async fn a_conflict_does_not_fail_its_neighbours(store: Store) {
    let taken = stream("taken");
    append(&*store, &taken, Expect::New, events(1..=1)).await;
    let writers = (0..64_u64).map(|nth| {
        let wins = nth % 2 == 0;
        let target = if wins { stream(&format!("free{nth}")) } else { taken.clone() };
        let (store, append) = (store.clone(), Append::to(target, Expect::New, events(nth..=nth)));
        tokio::spawn(async move { (wins, store.append(append).await) })
    });
    for answer in within(join_all(writers)).await {
        match answer.expect("no writer panics") {
            (true, Ok(_)) | (false, Err(AppendError::Conflict(_))) => {}
            (wins, answer) => panic!("a writer that {} got {answer:?}", if wins { "wins" } else { "loses" }),
        }
    }
    assert_eq!(feed(&*store).await.len(), 33);
}

/// Appends that name the same streams in opposite orders all succeed.
pub async fn opposite_orders_do_not_deadlock(store: Store) {
    let streams = ["a", "b", "c"].map(stream);
    let writers = (0..40_u64).map(|nth| {
        let mut order = streams.to_vec();
        order.rotate_left((nth % 3) as usize);
        if nth % 2 == 0 {
            order.reverse();
        }
        let empty = Append { streams: Vec::new(), command: None };
        let append = order
            .into_iter()
            .fold(empty, |append, stream| append.and(stream, Expect::Any, events(nth..=nth)));
        let store = store.clone();
        tokio::spawn(async move { store.append(append).await })
    });
    for answer in within(join_all(writers)).await {
        answer.expect("no writer panics").expect("nobody is turned back");
    }
    for stream in &streams {
        assert_eq!(all(&*store, stream).await.len(), 40);
    }
}

/// Trap 9: far more callers than the store has connections, and each needs several.
pub async fn trap_9_callers_never_wait_for_each_other_for_ever(store: Store) {
    let callers = (0..200_u64).map(|nth| {
        let store = store.clone();
        tokio::spawn(async move {
            let stream = stream(&format!("caller{}", nth % 20));
            append(&*store, &stream, Expect::Any, events(nth..=nth)).await;
            all(&*store, &stream).await;
            feed(&*store).await;
            version(&*store, &stream).await
        })
    });
    for version in within(join_all(callers)).await {
        assert!(version.expect("no caller panics") >= Version::new(1));
    }
    assert_eq!(feed(&*store).await.len(), 200);
}

/// Callers that go away in the middle leave whole appends or none, and nobody waits for them.
pub async fn a_dropped_append_harms_nobody(store: Store) {
    let (one, other) = (stream("dropped"), stream("beside"));
    for round in 0..50_u64 {
        let append = Append::to(one.clone(), Expect::Any, events(round..=round)).and(
            other.clone(),
            Expect::Any,
            events(round..=round),
        );
        let task = tokio::spawn({
            let store = store.clone();
            async move { store.append(append).await.map(drop) }
        });
        tokio::time::sleep(std::time::Duration::from_micros(20 * round)).await;
        task.abort();
    }
    append(&*store, &one, Expect::Any, events(1_000..=1_000)).await;
    append(&*store, &other, Expect::Any, events(1_000..=1_000)).await;
    // One read of the feed: what a dropped future has left behind may be written while streams are read one after the other.
    let (one, other): (Vec<_>, Vec<_>) =
        feed(&*store).await.into_iter().partition(|event| event.metadata.stream == one);
    let sorted = |events: &[_]| {
        let mut numbers = numbers(events);
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(sorted(&one), sorted(&other), "each append is there wholly or not at all");
    assert!(one.iter().any(|event| number(event) == 1_000));
}
