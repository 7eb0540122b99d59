//! The guard of the feed (P1), with the guard and without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kenning::store::{Append, EventStore as _, Expect, FeedQuery, LedgerEntry};
use kenning::{Position, PostgresStore};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{event, prepared, store, stream};
use crate::support::database;

const WRITERS: usize = 48;
const ROUNDS: usize = 50;

/// One insert in a hundred waits between the drawing of its position and the writing of its row.
const PAUSES: &str = "
    create function kenning.pause() returns trigger language plpgsql as $$
    begin
        if random() < 0.01 then perform pg_sleep(0.2); end if;
        return new;
    end $$;
    create trigger pause before insert on kenning.events for each row execute function kenning.pause();
";

/// An insert into a slow stream waits, its position drawn, until the gate is open.
const WAITING: &str = "
    create function kenning.wait() returns trigger language plpgsql as $$
    begin
        -- Not by waiting for a lock, which the appender gives up after a while.
        while not pg_try_advisory_xact_lock_shared(1, 1) loop perform pg_sleep(0.002); end loop;
        return new;
    end $$;
    create trigger wait before insert on kenning.events for each row when (new.stream like 'note-slow-%') execute function kenning.wait();
";

#[tokio::test(flavor = "multi_thread")]
async fn p1_no_commit_is_too_late_for_the_feed() {
    let store = adversary().await;
    let (delivered, stored) = race(&store).await;
    assert!(stored.len() > WRITERS * ROUNDS, "most transactions commit one event or two");
    assert_eq!(stored.difference(&delivered).count(), 0, "of {} events", stored.len());
    assert_eq!(delivered.difference(&stored).count(), 0, "rolled back events were delivered");
}

/// The test above finds what it looks for: without the lock events are missed.
#[tokio::test(flavor = "multi_thread")]
async fn p1_without_the_guard_the_feed_misses_events() {
    let store = adversary().await;
    for function in ["append_event", "append_events"] {
        let text: String = sqlx::query_scalar("select pg_get_functiondef(('kenning.' || $1)::regproc)")
            .bind(function)
            .fetch_one(store.pool())
            .await
            .unwrap();
        let unguarded: Vec<&str> =
            text.lines().filter(|line| !line.contains("pg_advisory_xact_lock_shared")).collect();
        assert_eq!(unguarded.len() + 1, text.lines().count(), "{function} takes one lock");
        sqlx::raw_sql(AssertSqlSafe(unguarded.join("\n"))).execute(store.pool()).await.unwrap();
    }
    let (delivered, stored) = race(&store).await;
    assert!(stored.difference(&delivered).count() > 0, "of {} events none was missed", stored.len());
}

/// Each way to append: a lone event, one with a command, several. Without the lock in the statement of the lone event this failed for that one.
#[tokio::test(flavor = "multi_thread")]
async fn p1_every_way_to_append_is_guarded() {
    let url = database().await;
    let (slow, fast) =
        (prepared(PostgresStore::options(), &url).await, prepared(PostgresStore::options(), &url).await);
    sqlx::raw_sql(WAITING).execute(slow.pool()).await.unwrap();
    let command = LedgerEntry { command_id: Uuid::now_v7(), body_hash: [0; 32] };
    let appends = [
        Append::to(stream("slow-1"), Expect::New, vec![event()]),
        Append::to(stream("slow-2"), Expect::New, vec![event()]).command(command),
        Append::to(stream("slow-3"), Expect::New, vec![event(), event()]),
    ];
    let mut seen = Position::ZERO;
    for (nth, append) in appends.into_iter().enumerate() {
        let mut gate = fast.pool().acquire().await.unwrap();
        sqlx::query("select pg_advisory_lock(1, 1)").execute(&mut *gate).await.unwrap();
        let (store, drawn) = (slow.clone(), fast.health().await.unwrap().drawn);
        let waiting = tokio::spawn(async move { store.append(append).await });
        while fast.health().await.unwrap().drawn == drawn {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        fast.append(Append::to(stream(nth), Expect::New, vec![event()])).await.unwrap();
        let page = fast.read_feed(FeedQuery::after(seen)).await.unwrap();
        assert!(page.events.is_empty(), "append {nth} is not guarded");
        sqlx::query("select pg_advisory_unlock(1, 1)").execute(&mut *gate).await.unwrap();
        let appended = waiting.await.unwrap().unwrap();
        let page = fast.read_feed(FeedQuery::after(seen)).await.unwrap();
        assert_eq!(page.events[0].metadata.position, appended.streams[0].positions[0]);
        assert_eq!(page.events.len(), appended.streams[0].positions.len() + 1);
        seen = page.through;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_schemas_and_other_locks_do_not_hold_the_feed_back() {
    let url = database().await;
    let ours = prepared(PostgresStore::options(), &url).await;
    let others = prepared(PostgresStore::options().schema("others"), &url).await;
    let mut open = others.pool().begin().await.unwrap();
    others.append_in(&mut open, Append::to(stream(1), Expect::New, vec![event()])).await.unwrap();
    sqlx::query("select pg_advisory_xact_lock_shared(0), pg_advisory_xact_lock(1, 1)")
        .execute(&mut *open)
        .await
        .unwrap();

    let appended = ours.append(Append::to(stream(1), Expect::New, vec![event()])).await.unwrap();
    let page = ours.read_feed(FeedQuery::after(0)).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(page.watermark, appended.streams[0].positions[0]);
    assert!(others.read_feed(FeedQuery::after(0)).await.unwrap().events.is_empty());
    open.commit().await.unwrap();
    assert_eq!(others.read_feed(FeedQuery::after(0)).await.unwrap().events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_savepoint_rolled_back_leaves_the_guard_of_what_stays() {
    let store = store().await;
    let mut open = store.pool().begin().await.unwrap();
    store.append_in(&mut open, Append::to(stream(1), Expect::New, vec![event()])).await.unwrap();
    let mut savepoint = open.begin().await.unwrap();
    store.append_in(&mut savepoint, Append::to(stream(2), Expect::New, vec![event()])).await.unwrap();
    savepoint.rollback().await.unwrap();
    store.append(Append::to(stream(3), Expect::New, vec![event()])).await.unwrap();

    assert!(store.read_feed(FeedQuery::after(0)).await.unwrap().events.is_empty());
    open.commit().await.unwrap();
    let streams = |page: kenning::store::FeedPage| -> Vec<String> {
        page.events.iter().map(|event| event.metadata.stream.to_string()).collect()
    };
    assert_eq!(streams(store.read_feed(FeedQuery::after(0)).await.unwrap()), ["note-1", "note-3"]);
}

async fn adversary() -> PostgresStore {
    let options = PostgresStore::options().max_connections(WRITERS as u32 + 2);
    let store = prepared(options, &database().await).await;
    sqlx::raw_sql(PAUSES).execute(store.pool()).await.unwrap();
    store
}

/// Writers in transactions of their own, some of which end late or are rolled back, beside a reader: the positions delivered and those stored.
async fn race(store: &PostgresStore) -> (BTreeSet<Position>, BTreeSet<Position>) {
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..ROUNDS {
                let mut transaction = store.pool().begin().await.unwrap();
                // One event goes the way of the lone append, two that of the batch.
                let events = (0..=round % 2).map(|_| event()).collect();
                let append = Append::to(stream(format!("{writer}-{round}")), Expect::New, events);
                store.append_in(&mut transaction, append).await.unwrap();
                match fastrand::u8(..) {
                    0..16 => transaction.rollback().await.unwrap(),
                    16..20 => drop(transaction),
                    _ => transaction.commit().await.unwrap(),
                }
            }
        });
    }
    let reader = tokio::spawn(read(store.clone(), Arc::clone(&over)));
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let (mut delivered, at) = reader.await.unwrap();
    read_on(store, &mut delivered, at).await;
    let stored: Vec<i64> =
        sqlx::query_scalar("select position from kenning.events").fetch_all(store.pool()).await.unwrap();
    (delivered, stored.into_iter().map(|position| Position::new(position.cast_unsigned())).collect())
}

async fn read(store: PostgresStore, over: Arc<AtomicBool>) -> (BTreeSet<Position>, Position) {
    let (mut delivered, mut at) = (BTreeSet::new(), Position::ZERO);
    while !over.load(Ordering::Relaxed) {
        at = read_on(&store, &mut delivered, at).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (delivered, at)
}

/// Reads up to the head; each position is beyond those before it.
async fn read_on(store: &PostgresStore, delivered: &mut BTreeSet<Position>, mut at: Position) -> Position {
    loop {
        let page = store.read_feed(FeedQuery::after(at)).await.unwrap();
        for event in &page.events {
            assert!(event.metadata.position > at, "{} after {at}", event.metadata.position);
            at = event.metadata.position;
            assert!(delivered.insert(at));
        }
        assert!(page.through >= at);
        at = page.through;
        if page.is_at_head() {
            return at;
        }
    }
}
