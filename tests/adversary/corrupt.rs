//! Trap 22: an event that cannot be read is an error for whoever needs it: never skipped, never a panic.

use kenning::store::{Append, EventStore, Expect, FeedQuery, NewEvent, RehydrateError, StoreError};
use kenning::{DecodeError, ExecuteError, Kenning, LoadError, MemoryStore, Payload};
use kenning_tests::storm::{Add, Tally, TallyEvent};
use uuid::Uuid;

use super::postgres::{self, run, session};
use crate::support::database;

fn corrupt(name: &str, schema_version: u32, payload: &str) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        name: name.into(),
        schema_version,
        payload: Payload::from_stored(payload),
        correlation_id: None,
        causation_id: None,
        headers: kenning::Headers::new(),
    }
}

/// The three ways in which an event cannot be read, one in each stream, good events around it.
async fn events_that_cannot_be_read(app: Kenning) {
    let good = serde_json::json!({ "tag": Uuid::nil(), "number": 2 }).to_string();
    let cases = [
        corrupt("tally.vanished", 1, &good),
        corrupt("tally.added", 99, &good),
        corrupt("tally.added", 1, r#"{"tag": "no uuid", "number": -1}"#),
    ];
    let store = app.store();
    for (tally, event) in (0..).zip(cases) {
        app.execute(Add::one(tally)).await.expect("a command");
        let stream = super::stream_of(tally);
        store
            .append(Append::to(stream.clone(), Expect::Any, vec![event]))
            .await
            .expect("a store asks no questions");
        store
            .append(Append::to(stream.clone(), Expect::Any, vec![corrupt("tally.added", 1, &good)]))
            .await
            .expect("a good one behind it");

        match app.load::<Tally>(tally).await {
            Err(LoadError::Rehydrate(RehydrateError::Decode { version, source, .. })) => {
                assert_eq!(version, 2);
                let right = match tally {
                    0 => matches!(source, DecodeError::UnknownName { .. }),
                    1 => matches!(source, DecodeError::UnknownVersion { found: 99, known: 1, .. }),
                    _ => matches!(source, DecodeError::Payload { version: 1, .. }),
                };
                assert!(right, "{source:?}");
            }
            other => panic!("a stream that cannot be read is loaded: {other:?}"),
        }
        let told = app.execute(Add::one(tally)).await;
        assert!(
            matches!(told, Err(ExecuteError::Rehydrate(_))),
            "decided on a state that cannot be known: {told:?}"
        );
        // Before the event all is well.
        assert_eq!(app.load::<Tally>(tally).at_version(1).await.expect("version 1").count, 1);
    }
    app.execute(Add::one(3)).await.expect("other streams go on");

    let page = store.read_feed(FeedQuery::after(0)).await.expect("the feed goes on");
    assert_eq!(page.events.len(), 10, "an event was skipped");
    for event in &page.events {
        let is_corrupt = event.metadata.version == 2;
        assert_eq!(event.decode::<TallyEvent>().is_err(), is_corrupt, "{event:?}");
    }
}

#[tokio::test]
async fn trap_22_corrupt_event_is_an_error_in_memory() {
    let app = Kenning::builder(MemoryStore::new()).aggregate::<Tally>().build().await;
    events_that_cannot_be_read(app.expect("an application")).await;
}

#[tokio::test]
async fn trap_22_corrupt_event_is_an_error_in_postgres() {
    events_that_cannot_be_read(postgres::app(&postgres::store(&database().await).await).await).await;
}

/// A row that nobody can have written: the feed says so and stays there, and goes on once it is mended.
#[tokio::test]
async fn trap_22_row_that_contradicts_itself_is_not_skipped() {
    let url = database().await;
    let store = postgres::store(&url).await;
    let app = postgres::app(&store).await;
    for tally in 0..3 {
        app.execute(Add::one(tally)).await.expect("a command");
    }
    let mut vandal = session(&url).await;
    run(&mut vandal, "update kenning.events set stream = 'no dash' where position = 2").await;
    for query in [FeedQuery::after(0), FeedQuery::after(1).limit(1)] {
        let told = store.read_feed(query).await;
        assert!(matches!(told, Err(StoreError::Corrupt(_))), "{told:?}");
    }
    let before = store.read_feed(FeedQuery::after(0).limit(1)).await.expect("the first is well");
    assert_eq!((before.events.len(), before.through.get()), (1, 1));
    run(&mut vandal, "update kenning.events set stream = 'tally-1' where position = 2").await;
    assert_eq!(store.read_feed(FeedQuery::after(1)).await.expect("it is mended").events.len(), 2);
}
