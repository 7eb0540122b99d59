//! Group commit, and what becomes of appends whose connection dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kenning::store::{Append, AppendError, EventStore as _, Expect, FeedQuery, NewEvent, StoreError};
use kenning::{EncodedEvent, Payload, PostgresStore, Version};
use sqlx::PgPool;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{event, payload, prepared, store, stream};
use crate::support::database;

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_the_server_refuses_does_not_fail_its_neighbours() {
    let store = store().await;
    let mut appends = JoinSet::new();
    for nth in 0..64 {
        let store = store.clone();
        appends.spawn(async move {
            let events = vec![payload(if nth == 32 { "no json" } else { "{}" })];
            (nth, store.append(Append::to(stream(nth), Expect::New, events)).await)
        });
    }
    while let Some(append) = appends.join_next().await {
        match append.unwrap() {
            (32, answer) => assert!(matches!(answer, Err(AppendError::Store(StoreError::Database(_))))),
            (_, answer) => assert_eq!(answer.unwrap().streams[0].version, Version::new(1)),
        }
    }
}

/// Names and schema versions are sent once for the events that share them, and what no event of a call has is not sent at all.
#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_batch_keeps_what_is_its_own() {
    const NAMES: [&str; 20] = [
        "n.0", "n.1", "n.2", "n.3", "n.4", "n.5", "n.6", "n.7", "n.8", "n.9", "n.10", "n.11", "n.12", "n.13",
        "n.14", "n.15", "n.16", "n.17", "n.18", "n.19",
    ];
    let store = store().await;
    // More names than are kept in mind, or few; with headers and ids on some, or on none.
    for (stream_id, names, some) in [("many", 20, true), ("few", 3, true), ("plain", 20, false)] {
        let made = |nth: usize| {
            let (name, schema_version) = (NAMES[nth * 7 % names], 1 + nth as u32 % 3);
            let payload = Payload::from_stored(format!("{nth}"));
            let mut event = NewEvent::new(EncodedEvent { name, schema_version, payload });
            if some && nth % 4 == 1 {
                event.headers = [("nth", nth.to_string())].into_iter().collect();
                event.correlation_id = Some(event.id);
            }
            if some && nth % 5 == 2 {
                event.causation_id = Some(event.id);
            }
            event
        };
        let events: Vec<NewEvent> = (0..100).map(made).collect();
        let append = Append::to(stream(stream_id), Expect::New, events.clone());
        let appended = store.append(append).await.unwrap();
        assert_eq!(appended.streams[0].version, Version::new(100));
        let after = appended.streams[0].positions[0].get() - 1;
        let page = store.read_feed(FeedQuery::after(after)).await.unwrap();
        assert_eq!(page.events.len(), events.len());
        for ((stored, event), version) in page.events.iter().zip(&events).zip(1..) {
            let metadata = &stored.metadata;
            assert_eq!(metadata.version, Version::new(version));
            assert_eq!((&stored.name, stored.schema_version), (&event.name, event.schema_version));
            assert_eq!((metadata.id, stored.payload.as_str()), (event.id, event.payload.as_str()));
            assert_eq!(metadata.correlation_id, event.correlation_id);
            assert_eq!((metadata.causation_id, &metadata.headers), (event.causation_id, &event.headers));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_after_a_while() {
    let options = PostgresStore::options().queue(2, 1 << 20, Duration::from_millis(50));
    let store = prepared(options, &database().await).await;
    let mut open = store.pool().begin().await.unwrap();
    sqlx::query("lock table kenning.events").execute(&mut *open).await.unwrap();
    let mut appends = JoinSet::new();
    for nth in 0..32 {
        let store = store.clone();
        appends.spawn(async move { store.append(Append::to(stream(nth), Expect::New, vec![event()])).await });
    }
    let answer = appends.join_next().await.expect("one is refused while the table is locked").unwrap();
    let refused = answer.expect_err("the table is locked");
    assert!(matches!(refused, AppendError::Store(StoreError::Overloaded)), "{refused}");
    open.commit().await.unwrap();
}

/// The server ends the appending session again and again, before, within or after its transaction. What was answered with `Ok` is stored once and where it was said
/// to be, what was answered with an error is not stored. That a commit whose answer was lost is found needs a cut between the two, which ending a session
/// hardly ever hits: the adversaries have a proxy for it.
#[tokio::test(flavor = "multi_thread")]
async fn p2_what_became_of_an_append_is_found_out() {
    let name = format!("victim-{}", Uuid::now_v7());
    let store = prepared(PostgresStore::options().application_name(&name), &database().await).await;
    let (over, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let killer = tokio::spawn(kill(store.pool().clone(), Arc::clone(&over), Arc::clone(&ended)));
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let store = store.clone();
        writers.spawn(async move {
            let (name, mut version) = (stream(writer), 0);
            for _ in 0..60 {
                let events = vec![event(), event()];
                let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
                let answer = store.append(Append::to(name.clone(), Expect::Exactly(Version::new(version)), events)).await;
                let stored: Vec<(Uuid, i64)> =
                    sqlx::query_as("select event_id, position from kenning.events where event_id = any ($1) order by version")
                        .bind(&ids)
                        .fetch_all(store.pool())
                        .await
                        .unwrap();
                match answer {
                    Ok(appended) => {
                        version += 2;
                        let positions = appended.streams[0].positions.iter().map(|at| at.get().cast_signed());
                        assert_eq!(stored, ids.into_iter().zip(positions).collect::<Vec<_>>());
                        assert_eq!(appended.streams[0].version, Version::new(version));
                    }
                    Err(error) => {
                        assert!(matches!(&error, AppendError::Store(error) if error.is_retryable()), "{error:?}");
                        assert!(stored.is_empty(), "{error:?}");
                    }
                }
            }
            version
        });
    }
    let mut written = 0;
    while let Some(writer) = writers.join_next().await {
        written += writer.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    let stored: i64 =
        sqlx::query_scalar("select count(*) from kenning.events").fetch_one(store.pool()).await.unwrap();
    assert_eq!(stored.cast_unsigned(), written);
    assert!(ended.load(Ordering::Relaxed) > 3, "the session was ended too seldom");
}

/// Ends the session that called an append function last, but not at once after it began: a lone append shall get through.
async fn kill(pool: PgPool, over: Arc<AtomicBool>, ended: Arc<AtomicU32>) {
    let appender = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like '%.append_%' and query not like '%pg_stat_activity%'
            and backend_start < clock_timestamp() - interval '15 ms'";
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_micros(fastrand::u64(1_000..20_000))).await;
        let killed = sqlx::query(appender).fetch_all(&pool).await.unwrap().len();
        ended.fetch_add(killed as u32, Ordering::Relaxed);
    }
}
