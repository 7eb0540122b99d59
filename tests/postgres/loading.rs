//! Loads that are answered together.

use std::time::Duration;

use kenning::store::{Append, EventStore as _, Expect};
use kenning::{PostgresStore, RawEvent, Version};
use tokio::task::JoinSet;

use super::{event, payload, prepared, stream};
use crate::support::database;

/// Around the number of rows that one query for many streams takes of each.
const LENGTHS: [u64; 6] = [0, 1, 127, 128, 129, 300];

#[tokio::test(flavor = "multi_thread")]
async fn loads_at_once_on_one_connection_are_whole() {
    let store = prepared(PostgresStore::options().max_connections(1), &database().await).await;
    for length in LENGTHS {
        let events = (0..length).map(|_| event()).collect();
        store.append(Append::to(stream(length), Expect::New, events)).await.unwrap();
    }
    let mut loads = JoinSet::new();
    for nth in 0..240 {
        let (loader, length) = (store.clone(), LENGTHS[nth % LENGTHS.len()]);
        let after = if nth % 2 == 0 { 0 } else { length / 2 };
        loads.spawn(async move {
            let mut next = after;
            let mut visit = |event: RawEvent<'_>| {
                next += 1;
                assert_eq!(
                    (event.version, event.name, event.payload),
                    (Version::new(next), "noted", b"{}".as_slice())
                );
                Ok(())
            };
            let reached = loader.rehydrate(&stream(length), Version::new(after), &mut visit).await.unwrap();
            assert_eq!((reached.get(), next), (length, length));
        });
        if nth == 100 {
            // Whoever loads may give up: those who wait for its turn to end are served all the same.
            let mut given_up = JoinSet::new();
            let store = store.clone();
            given_up.spawn(async move {
                store.rehydrate(&stream(300), Version::ZERO, &mut |_| Ok(())).await.map(drop)
            });
            tokio::task::yield_now().await;
            given_up.abort_all();
        }
    }
    while let Some(load) = loads.join_next().await {
        load.unwrap();
    }
}

/// Its caller awaits something else meanwhile. Fails without `server.load-alone`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_load_that_is_not_polled_blocks_no_other() {
    let store = prepared(PostgresStore::options(), &database().await).await;
    for id in ["a", "b"] {
        store.append(Append::to(stream(id), Expect::New, vec![event()])).await.unwrap();
    }
    let (unpolled, name) = (stream("a"), stream("b"));
    let mut visit = |_: RawEvent<'_>| Ok(());
    let mut first = store.rehydrate(&unpolled, Version::ZERO, &mut visit);
    let begun =
        std::future::poll_fn(|context| std::task::Poll::Ready(first.as_mut().poll(context).is_pending()));
    assert!(begun.await);
    for at_once in [1, 8, 1] {
        let load = || async { store.rehydrate(&name, Version::ZERO, &mut |_| Ok(())).await };
        let loads = futures_util::future::join_all((0..at_once).map(|_| load()));
        let loaded = tokio::time::timeout(Duration::from_secs(10), loads).await.expect("they wait for ever");
        assert!(loaded.into_iter().all(|version| version.unwrap() == Version::new(1)));
    }
    assert_eq!(first.await.unwrap(), Version::new(1));
}

/// More bytes than one query reads for several loads: the rest is streamed, and each load is whole.
#[tokio::test(flavor = "multi_thread")]
async fn p2_loads_at_once_of_large_events_are_whole() {
    const STREAMS: usize = 24;
    const EVENTS: u64 = 3;
    let store = prepared(PostgresStore::options(), &database().await).await;
    let text = |id: usize| format!("\"{}\"", "x".repeat(700_000 + id));
    for id in 0..STREAMS {
        let events = (0..EVENTS).map(|_| payload(&text(id))).collect();
        store.append(Append::to(stream(id), Expect::New, events)).await.unwrap();
    }
    for _ in 0..2 {
        let mut loads = JoinSet::new();
        for id in 0..STREAMS {
            let store = store.clone();
            loads.spawn(async move {
                let mut sizes = Vec::new();
                let name = stream(id);
                let mut visit = |event: RawEvent<'_>| {
                    sizes.push((event.version.get(), event.payload.len()));
                    Ok(())
                };
                let reached = store.rehydrate(&name, Version::ZERO, &mut visit).await.unwrap();
                assert_eq!(reached, Version::new(EVENTS));
                let expected: Vec<_> = (1..=EVENTS).map(|version| (version, 700_002 + id)).collect();
                assert_eq!(sizes, expected);
            });
        }
        while let Some(load) = loads.join_next().await {
            load.unwrap();
        }
    }
}
