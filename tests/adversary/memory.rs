//! P10: the memory store under the storm that PostgreSQL has to stand: many tasks, open transactions, greedy readers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use kenning::store::{EventStore, StreamQuery};
use kenning::{Kenning, MemoryStore, StreamName};
use kenning_tests::storm::{
    Added, Journal, Stored, Storm, Tally, check_delivery, check_effects, check_streams, read_journal,
};
use tokio::sync::watch;

use super::reader::{MANNERS, follow};

const TALLIES: u32 = 24;

/// Taken out one after the other (an open transaction holds the feed back; an append waits for the transaction that has its stream), this test fails: events that were
/// rolled back are delivered; streams go back from one version to a former one. So it does, in most runs, when a commit lets its claims go before it publishes.
/// With more readers and writers than trap 18 asks for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_trap_18_storm_of_writers_on_the_memory_store() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("journal");
    let store = MemoryStore::new();
    let app = Kenning::builder(store.clone()).aggregate::<Tally>().build().await.expect("an application");
    let journal = Arc::new(Journal::open(&path));
    let storm = Arc::new(Storm {
        app: app.clone(),
        store: store.clone(),
        journal,
        tallies: TALLIES,
        pause: Duration::from_millis(5),
    });
    let (end, ended) = watch::channel(None);
    let shared: Arc<dyn EventStore> = Arc::new(store.clone());
    let readers =
        MANNERS.map(|manner| (manner, tokio::spawn(follow(Arc::clone(&shared), manner, ended.clone()))));
    let (stop, stopped) = watch::channel(false);
    let writers: Vec<_> = (0..16)
        .map(|seed| {
            let (storm, stopped) = (Arc::clone(&storm), stopped.clone());
            tokio::spawn(async move { storm.rage(seed, stopped).await })
        })
        .collect();
    tokio::time::sleep(super::storm_time() / 10).await;
    stop.send_replace(true);
    for writer in writers {
        super::in_time("a writer", writer).await.expect("a writer does not panic");
    }

    let stored = stored(&store).await;
    assert!(stored.len() > 500, "a storm of {} events is none", stored.len());
    end.send_replace(stored.last().map(|event| event.position));
    let mut violations = check_streams(&stored);
    violations.extend(check_effects(&read_journal(&path), &stored));
    for (manner, reader) in readers {
        let delivered = super::in_time(manner.name, reader).await.expect("a reader does not panic");
        violations.extend(check_delivery(manner.name, &stored, &delivered));
    }
    assert_eq!(violations, Vec::<String>::new());
    super::states_equal_replays(&app, &shared, TALLIES).await;
}

/// What the streams hold, in the order of the positions: another way to the events than the feed's.
async fn stored(store: &MemoryStore) -> Vec<Stored> {
    let mut stored = Vec::new();
    for tally in 0..TALLIES {
        let stream = StreamName::new("tally", &tally.to_string()).expect("a name");
        let events: Vec<_> = store
            .read_stream(StreamQuery::forwards(stream))
            .try_collect()
            .await
            .expect("a stream can be read");
        stored.extend(events.iter().map(|event| {
            let added: Added = serde_json::from_slice(event.payload.as_bytes()).expect("an event of a tally");
            Stored {
                position: event.metadata.position.get(),
                id: event.metadata.id,
                stream: event.metadata.stream.to_string(),
                version: event.metadata.version.get(),
                tag: added.tag,
                number: added.number,
            }
        }));
    }
    stored.sort_unstable_by_key(|event| event.position);
    stored
}
