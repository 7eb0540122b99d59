//! A sequence that is behind its table, as after a logical replication or a copy of the tables.

use std::time::Duration;

use kenning::store::{Append, EventStore, FeedQuery, StoreError, TransactionalStore};
use kenning::{Position, PostgresStore};
use kenning_tests::storm::numbered;
use uuid::Uuid;

use crate::adversary::in_time;
use crate::adversary::postgres::{run, session, store};
use crate::support::database;

fn one(stream: &str, version: u64) -> Append {
    numbered(Uuid::now_v7(), &[(stream.to_owned(), version)], 1)
}

/// Ten events with a hole before the last: a rolled-back append. Returns the end of the feed.
async fn with_a_hole(store: &PostgresStore) -> Position {
    for nth in 0..9 {
        store.append(one(&format!("tally-{nth}"), 0)).await.expect("a free stream");
    }
    let mut undone = store.begin().await.expect("a transaction");
    for nth in 10..13 {
        store.append_in(&mut undone, one(&format!("tally-{nth}"), 0)).await.expect("a free stream");
    }
    store.rollback(undone).await.expect("a rollback");
    store.append(one("tally-20", 0)).await.expect("a free stream");
    store.read_feed(FeedQuery::after(0)).await.expect("a page").through
}

async fn set_back(url: &str, to: i64) {
    let mut session = session(url).await;
    run(&mut session, format!("select setval('kenning.event_positions', {to})")).await;
}

/// What was accepted is delivered to a reader that was at the end before; or it was refused, in
/// words that name the sequence.
async fn delivered_or_refused(store: &PostgresStore, after: Position, nth: u64) {
    let told = in_time("the answer", store.append(one(&format!("tally-{}", 100 + nth), 0))).await;
    match told {
        Ok(appended) => {
            let position = appended.streams[0].positions[0];
            assert!(position > after, "position {position} is before the reader's, {after}");
            let page = store.read_feed(FeedQuery::after(after)).await.expect("a page");
            assert!(page.events.iter().any(|event| event.metadata.position == position), "{page:?}");
        }
        Err(error) => {
            let said = format!("{error:?} {error}");
            assert!(said.contains("event_positions") || said.contains("sequence"), "{said}");
        }
    }
}

/// A process starts on it. The positions from the hole on are before the reader's. Fails without
/// `server.sequence`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_sequence_behind_the_table_is_found_when_a_process_starts() {
    for back in [1, 9, 10] {
        let url = database().await;
        let before = store(&url).await;
        let end = with_a_hole(&before).await;
        before.close().await;
        set_back(&url, back).await;
        let after = PostgresStore::connect(&url).await.expect("the database answers");
        match after.prepare().await {
            Ok(()) => {
                for nth in 0..3 {
                    let appended = after.append(one(&format!("tally-{}", 100 + nth), 0)).await;
                    let position = appended.expect("the sequence was set").streams[0].positions[0];
                    assert!(position > end, "position {position} is before the reader's, {end}");
                }
                let page = after.read_feed(FeedQuery::after(end)).await.expect("a page");
                assert_eq!(page.events.len(), 3, "set back to {back}");
            }
            Err(StoreError::Unsuitable(said)) => assert!(said.contains("event_positions"), "{said}"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Set back under a process that runs, on a server that stays the same: its sessions end.
async fn set_back_under_a_running_process(back: i64) {
    let url = database().await;
    let store = store(&url).await;
    let end = with_a_hole(&store).await;
    set_back(&url, back).await;
    let mut admin = session(&url).await;
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid()";
    run(&mut admin, sql).await;
    for nth in 0..4 {
        delivered_or_refused(&store, end, nth).await;
    }
}

/// The next position is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_sequence_set_back_to_a_taken_position_under_a_running_process_loses_no_event() {
    set_back_under_a_running_process(1).await;
}

/// The next positions are free: a rolled-back append drew them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_sequence_set_back_to_a_hole_under_a_running_process_loses_no_event() {
    set_back_under_a_running_process(10).await;
}

/// Far behind: no loop over taken positions, one lock each, until the server has no memory for
/// locks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p13_a_sequence_far_behind_takes_no_lock_for_each_taken_position() {
    let url = database().await;
    let store = store(&url).await;
    store.append(one("tally-0", 0)).await.expect("a free stream");
    let mut admin = session(&url).await;
    let copies = "insert into kenning.events select (jsonb_populate_record(e, jsonb_build_object( \
        'position', e.position + n, 'event_id', gen_random_uuid(), 'stream', 'tally-' || (1000000 + n)))).* \
        from kenning.events e, generate_series(1, 20000) n where e.stream = 'tally-0'";
    run(&mut admin, copies).await;
    run(&mut admin, "select setval('kenning.event_positions', 1, true)").await;
    let told = tokio::time::timeout(Duration::from_secs(20), store.append(one("tally-1", 0))).await;
    match told.expect("it does not try every position") {
        Ok(appended) => assert!(appended.streams[0].positions[0] > Position::from(20_000_u64)),
        Err(error) => {
            let said = format!("{error:?}");
            assert!(!said.contains("53200"), "out of shared memory: {said}");
        }
    }
}
