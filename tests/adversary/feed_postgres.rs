//! Traps 14 to 17 as PostgreSQL alone can show them: sessions that die, foreign transactions, savepoints, two-phase commits.

use std::process::Stdio;

use kenning::store::{EventStore, FeedQuery, TransactionalStore};
use kenning::{Position, PostgresStore};
use kenning_tests::storm::numbered;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

use super::postgres::{self, run, session};
use crate::support::database;

async fn feed(store: &PostgresStore) -> Vec<String> {
    let page = store.read_feed(FeedQuery::after(0)).await.expect("the feed can be read");
    page.events.iter().map(|event| event.metadata.stream.to_string()).collect()
}

async fn append(store: &PostgresStore, stream: &str) {
    store.append(one(stream)).await.expect("a free stream takes an event");
}

fn one(stream: &str) -> kenning::store::Append {
    numbered(Uuid::now_v7(), &[(stream.to_owned(), 0)], 1)
}

async fn fresh() -> (String, PostgresStore) {
    let url = database().await;
    let store = postgres::store(&url).await;
    (url, store)
}

/// With the guard taken out (a watermark that is simply the last position drawn) a late commit is lost: what the other tests check can fail.
#[tokio::test]
async fn p1_without_the_watermark_a_late_commit_is_lost() {
    let (url, store) = fresh().await;
    let naive = "create or replace function kenning.feed_watermark(out drawn bigint, out watermark bigint, out head bigint) \
         language plpgsql volatile as $$ begin \
         drawn := coalesce(pg_sequence_last_value('kenning.event_positions'), 0); watermark := drawn; head := drawn; end $$";
    run(&mut session(&url).await, naive).await;
    let mut late = store.begin().await.expect("a transaction");
    store.append_in(&mut late, one("tally-1")).await.expect("a free stream");
    append(&store, "tally-2").await;
    let page = store.read_feed(FeedQuery::after(0)).await.expect("a page");
    store.commit(late).await.expect("a commit");
    let rest = store.read_feed(FeedQuery::after(page.through)).await.expect("a page");
    let given = [page.events, rest.events].concat();
    assert_eq!(given.len(), 1, "the naive reader was meant to lose an event");
}

#[tokio::test]
async fn trap_15_killed_process_with_an_open_transaction_does_not_stall_the_feed() {
    let (url, store) = fresh().await;
    let mut holder = Command::new(env!("CARGO_BIN_EXE_holder"))
        .args([&url, "tally-1"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the process starts");
    let mut said = String::new();
    let mut output = BufReader::new(holder.stdout.take().expect("its output is ours"));
    super::in_time("the holder", output.read_line(&mut said)).await.expect("it can be read");
    assert_eq!(said, "open\n");
    append(&store, "tally-2").await;
    assert_eq!(feed(&store).await, Vec::<String>::new(), "the holder holds the first position");
    // SIGKILL: it has no time to say goodbye.
    holder.kill().await.expect("it can be killed");
    super::until("the feed to go on", async || feed(&store).await == ["tally-2"]).await;
}

#[tokio::test]
async fn trap_15_terminated_session_does_not_stall_the_feed() {
    let (url, store) = fresh().await;
    let mut doomed = store.begin().await.expect("a transaction");
    store.append_in(&mut doomed, one("tally-1")).await.expect("a free stream");
    append(&store, "tally-2").await;
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *doomed).await.expect("a pid");
    run(&mut session(&url).await, format!("select pg_terminate_backend({pid})")).await;
    super::until("the feed to go on", async || feed(&store).await == ["tally-2"]).await;
    assert!(store.commit(doomed).await.is_err(), "a terminated transaction is not committed");
    assert_eq!(feed(&store).await, ["tally-2"]);
}

#[tokio::test]
async fn trap_16_foreign_transactions_and_locks_do_not_stall_the_feed() {
    let (url, store) = fresh().await;
    let other = database().await;
    let mut foreigners = Vec::new();
    for url in [&url, &other] {
        let mut foreigner = session(url).await;
        run(&mut foreigner, "create table notes (text text)").await;
        run(&mut foreigner, "begin; insert into notes values ('a write that is left open')").await;
        foreigners.push(foreigner);
    }
    let mut dump = session(&url).await;
    run(&mut dump, "begin isolation level repeatable read; select count(*) from kenning.events").await;
    // Advisory locks of other people: small keys, pairs of keys, and one whose high bits come close to a tag of ours.
    let mut locker = session(&url).await;
    for key in ["0", "1", "42, 7", "-1", "1::bigint << 48", "9223372036854775807"] {
        run(&mut locker, format!("select pg_advisory_lock_shared({key}); select pg_advisory_lock({key})"))
            .await;
    }
    for number in 1..=3 {
        append(&store, &format!("tally-{number}")).await;
        assert_eq!(
            feed(&store).await.len(),
            number,
            "the feed waits for somebody who has nothing to do with it"
        );
    }
    let health = store.health().await.expect("the store's health");
    assert_eq!((health.watermark, health.holder), (health.drawn, None));
}

/// A reader is made to wait for a late commit, just after it has its watermark and just before. Where the rows came of a snapshot older than the watermark (sessions
/// in `repeatable read`), the second of them lost an event.
#[tokio::test]
async fn trap_17_commit_between_watermark_and_rows_is_not_lost() {
    const WAIT: &str = "perform pg_advisory_lock(17); perform pg_advisory_unlock(17);";
    for (before, after, watermark) in [("", WAIT, 1), (WAIT, "", 3)] {
        let (url, store) = fresh().await;
        let waits = format!(
            "alter function kenning.feed_watermark() rename to own_watermark; \
             create function kenning.feed_watermark(out drawn bigint, out watermark bigint, out head bigint) language plpgsql volatile as $$ begin \
             {before} select w.drawn, w.watermark, w.head into drawn, watermark, head from kenning.own_watermark() w; {after} end $$"
        );
        run(&mut session(&url).await, waits).await;
        append(&store, "tally-1").await;
        let mut late = store.begin().await.expect("a transaction");
        store.append_in(&mut late, one("tally-2")).await.expect("a free stream");
        append(&store, "tally-3").await;

        let mut gate = session(&url).await;
        run(&mut gate, "select pg_advisory_lock(17)").await;
        let reader = store.clone();
        let reading = tokio::spawn(async move { reader.read_feed(FeedQuery::after(0)).await });
        let mut watch = session(&url).await;
        let mut waiting = async || -> bool {
            let sql = "select exists (select from pg_locks l where not l.granted and l.locktype = 'advisory' and l.objid = 17 \
                 and l.database = (select d.oid from pg_database d where d.datname = current_database()))";
            sqlx::query_scalar(sql).fetch_one(&mut watch).await.expect("locks can be seen")
        };
        super::until("the reader to wait", async || waiting().await).await;
        store.commit(late).await.expect("a commit");
        run(&mut gate, "select pg_advisory_unlock(17)").await;

        let page = super::in_time("the page", reading).await.expect("no panic").expect("a page");
        assert_eq!(page.watermark.get(), watermark);
        let rest = store.read_feed(FeedQuery::after(page.through)).await.expect("a page");
        let given = [page.events, rest.events].concat();
        let given: Vec<_> = given.iter().map(|event| event.metadata.stream.to_string()).collect();
        assert_eq!(given, ["tally-1", "tally-2", "tally-3"]);
    }
}

/// A page without a gap needs no look at the locks. What it proves, it proves of the positions behind where it began: taken for a watermark of all positions (the
/// condition in `find_end` removed), the reader from the beginning went past the open transaction, and this failed.
#[tokio::test]
async fn p1_page_without_a_gap_says_nothing_of_what_came_before() {
    let (_, store) = fresh().await;
    let mut late = store.begin().await.expect("a transaction");
    store.append_in(&mut late, one("tally-1")).await.expect("a free stream");
    for number in 2..=4 {
        append(&store, &format!("tally-{number}")).await;
    }
    let page = store.read_feed(FeedQuery::after(1)).await.expect("a page");
    assert_eq!((page.events.len(), page.through.get(), page.is_at_head()), (3, 4, true));
    let query = FeedQuery::after(0).limit(2);
    let page = store.read_feed(query.clone()).await.expect("a page");
    assert_eq!((page.events.len(), page.through.get()), (0, 0), "the first event is not committed");
    store.commit(late).await.expect("a commit");
    let page = store.read_feed(query).await.expect("a page");
    assert_eq!((page.events.len(), page.through.get()), (2, 2));
}

/// A reader with nothing but neighbours before it goes as far as they do, with open transactions beyond; those rolled back are passed.
#[tokio::test]
async fn p1_gap_is_passed_once_it_is_known_to_be_none() {
    let (_, store) = fresh().await;
    append(&store, "tally-1").await;
    let mut open = store.begin().await.expect("a transaction");
    store.append_in(&mut open, one("tally-2")).await.expect("a free stream");
    assert_eq!(feed(&store).await, ["tally-1"]);
    append(&store, "tally-3").await;
    assert_eq!(feed(&store).await, ["tally-1"], "somebody may still commit the second");
    store.rollback(open).await.expect("a rollback");
    let page = store.read_feed(FeedQuery::after(0)).await.expect("a page");
    assert_eq!((page.events.len(), page.through.get(), page.is_at_head()), (2, 3, true));
}

#[tokio::test]
async fn p1_savepoint_rolled_back_neither_stalls_nor_loses() {
    let (_, store) = fresh().await;
    let mut transaction = store.begin().await.expect("a transaction");
    run(&mut transaction, "savepoint one").await;
    store.append_in(&mut transaction, one("tally-1")).await.expect("a free stream");
    run(&mut transaction, "rollback to savepoint one").await;
    // The savepoint's lock is gone with its position: nothing holds the feed.
    append(&store, "tally-2").await;
    assert_eq!(feed(&store).await, ["tally-2"]);
    store.append_in(&mut transaction, one("tally-3")).await.expect("a free stream");
    run(&mut transaction, "savepoint two").await;
    store.append_in(&mut transaction, one("tally-4")).await.expect("a free stream");
    run(&mut transaction, "rollback to savepoint two").await;
    append(&store, "tally-5").await;
    assert_eq!(feed(&store).await, ["tally-2"], "the lock taken before the second savepoint is still held");
    store.commit(transaction).await.expect("a commit");
    assert_eq!(feed(&store).await, ["tally-2", "tally-3", "tally-5"]);
}

#[tokio::test]
async fn p1_prepared_transaction_holds_the_feed_until_it_is_decided() {
    let (url, store) = fresh().await;
    let name = format!("kenning_{}", Uuid::now_v7());
    for (decision, streams) in [("commit", ["tally-1", "tally-2"]), ("rollback", ["tally-3", "tally-4"])] {
        let mut transaction = store.begin().await.expect("a transaction");
        store.append_in(&mut transaction, one(streams[0])).await.expect("a free stream");
        run(&mut transaction, format!("prepare transaction '{name}'")).await;
        drop(transaction);
        append(&store, streams[1]).await;
        let before = feed(&store).await;
        assert!(!before.contains(&streams[1].to_owned()), "{before:?} goes beyond a prepared transaction");
        let health = store.health().await.expect("the store's health");
        let holder = health.holder.expect("somebody holds the feed");
        assert_eq!((holder.process_id, holder.application), (None, name.clone()));
        run(&mut session(&url).await, format!("{decision} prepared '{name}'")).await;
    }
    assert_eq!(feed(&store).await, ["tally-1", "tally-2", "tally-4"]);
}

/// Trap 10.
#[tokio::test]
async fn trap_10_loser_burns_no_position() {
    let (_, store) = fresh().await;
    append(&store, "tally-1").await;
    let drawn = store.health().await.expect("the store's health").drawn;
    for _ in 0..5 {
        assert!(store.append(one("tally-1")).await.is_err(), "the stream is not new");
    }
    let two = numbered(Uuid::now_v7(), &[("tally-2".to_owned(), 0), ("tally-1".to_owned(), 7)], 3);
    assert!(store.append(two).await.is_err(), "one of the streams is not at version 7");
    let health = store.health().await.expect("the store's health");
    assert_eq!((health.drawn, health.watermark), (drawn, drawn));
    append(&store, "tally-2").await;
    assert_eq!(health.drawn.plus(1), Position::new(2));
    assert_eq!(feed(&store).await, ["tally-1", "tally-2"]);
}
