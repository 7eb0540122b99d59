//! Loads that are answered together.

use kenning::store::{Append, EventStore as _, Expect};
use kenning::{PostgresStore, RawEvent, Version};
use tokio::task::JoinSet;

use super::{event, prepared, stream};
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
