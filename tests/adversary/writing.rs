//! Traps 4, 5, 7 and 9: what writing does under contention, after failures and at great numbers.

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use kenning::store::{
    Append, AppendError, EventStore, Expect, FeedQuery, NewEvent, StoreError, StreamQuery, TransactionalStore,
};
use kenning::{Kenning, MemoryStore, Payload, PostgresStore, Version};
use kenning_tests::storm::{Add, Tally, numbered};
use uuid::Uuid;

use super::postgres::{self, run, session, stored};
use crate::support::database;

fn any(streams: &[&str]) -> Append {
    let targets: Vec<_> = streams.iter().map(|stream| ((*stream).to_owned(), 0)).collect();
    let mut append = numbered(Uuid::now_v7(), &targets, 1);
    append.streams.iter_mut().for_each(|target| target.expect = Expect::Any);
    append
}

/// Two transactions lock two streams in opposite orders: a real deadlock, raised by the statement of the append.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_4_deadlock_raised_by_the_statement_is_retryable() {
    let store = postgres::store(&database().await).await;
    let mut one = store.begin().await.expect("a transaction");
    let mut two = store.begin().await.expect("a transaction");
    store.append_in(&mut one, any(&["tally-1"])).await.expect("a free stream");
    store.append_in(&mut two, any(&["tally-2"])).await.expect("a free stream");
    let (first, second) = super::in_time("the deadlock to be broken", async {
        // Whoever loses has to let go before the other goes on.
        let end = async |mut transaction: sqlx::Transaction<'static, sqlx::Postgres>, stream: &str| {
            let told = store.append_in(&mut transaction, any(&[stream])).await;
            match &told {
                Ok(_) => store.commit(transaction).await.expect("a commit"),
                Err(_) => store.rollback(transaction).await.expect("a rollback"),
            }
            told
        };
        tokio::join!(end(one, "tally-2"), end(two, "tally-1"))
    })
    .await;
    assert_eq!([&first, &second].iter().filter(|told| told.is_ok()).count(), 1, "one of them wins");
    let Err(AppendError::Store(lost)) = first.and(second) else {
        panic!("the loser is not told of the store's doing")
    };
    assert!(lost.is_retryable() && matches!(lost, StoreError::Contention(_)), "{lost:?}");
}

#[tokio::test]
async fn trap_4_serialization_failure_raised_by_the_statement_is_retryable() {
    let store = postgres::store(&database().await).await;
    store.append(any(&["tally-1"])).await.expect("a free stream");
    let mut strict = store.begin().await.expect("a transaction");
    run(&mut strict, "set transaction isolation level repeatable read").await;
    run(&mut strict, "select count(*) from kenning.events").await;
    store.append(any(&["tally-1"])).await.expect("another is faster");
    let told = store.append_in(&mut strict, any(&["tally-1"])).await;
    let Err(AppendError::Store(lost)) = told else { panic!("a stale snapshot decides: {told:?}") };
    assert!(lost.is_retryable() && matches!(lost, StoreError::Contention(_)), "{lost:?}");
}

/// Appends of the group commit and a transaction of the caller's take two streams in opposite orders. The caller may be the victim of the deadlock, which is retryable;
/// the appends are tried again by themselves. In the end all are done, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_4_group_commit_and_a_transaction_in_opposite_orders_both_end() {
    let store = postgres::store(&database().await).await;
    store.append(any(&["tally-1", "tally-2"])).await.expect("free streams");
    for _ in 0..3 {
        let others = join_all((0..6).map(|_| store.append(any(&["tally-1", "tally-2"]))));
        let own = async {
            while let Err(lost) = two_steps(&store).await {
                assert!(lost.is_retryable(), "{lost:?}");
            }
        };
        let (others, ()) = super::in_time("both", async { tokio::join!(others, own) }).await;
        for told in others {
            told.expect("it waits for the transaction and goes on");
        }
    }
    let page = store.read_feed(FeedQuery::after(0)).await.expect("a page");
    assert_eq!(page.events.len(), 2 + 3 * (2 + 12));
}

/// One stream, a pause in which others come to want both, the other stream.
async fn two_steps(store: &PostgresStore) -> Result<(), StoreError> {
    let mut own = store.begin().await?;
    for stream in ["tally-2", "tally-1"] {
        match store.append_in(&mut own, any(&[stream])).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(AppendError::Store(lost)) => {
                store.rollback(own).await?;
                return Err(lost);
            }
            Err(other) => panic!("any version will do: {other:?}"),
        }
    }
    store.commit(own).await
}

/// One append is at fault and is told so; those of its group are stored; the next one on its stream is stored, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_5_failed_append_neither_spoils_others_nor_the_next() {
    let url = database().await;
    let store = postgres::store(&url).await;
    let spoilt = || {
        let mut append = any(&["tally-0"]);
        let event: &mut NewEvent = &mut append.streams[0].events[0];
        event.payload = Payload::from_stored("{ this is no JSON");
        append
    };
    for round in 1..=3 {
        let appends = (0..20).map(|nth| {
            let append = if nth == 7 { spoilt() } else { any(&[&format!("tally-{}", nth + 1)]) };
            store.append(append)
        });
        let told = super::in_time("the answers", join_all(appends)).await;
        for (nth, told) in told.into_iter().enumerate() {
            match told {
                Err(AppendError::Store(StoreError::Database(_))) => assert_eq!(nth, 7),
                told => {
                    let told = told.expect("it did nothing wrong");
                    assert!(nth != 7 && told.streams[0].version == round, "{nth}: {told:?}");
                }
            }
        }
        let again = store.append(any(&["tally-0"])).await.expect("nothing is wrong with this one");
        assert_eq!(again.streams[0].version, round);
    }
    let mut session = session(&url).await;
    let count: i64 = sqlx::query_scalar("select count(*) from kenning.events")
        .fetch_one(&mut session)
        .await
        .expect("a count");
    assert_eq!(count, 3 * 20);
}

async fn long_stream(store: impl EventStore + Clone) {
    const EACH: u64 = 4_096;
    const APPENDS: u64 = 17;
    for nth in 0..APPENDS {
        let append = numbered(Uuid::now_v7(), &[("tally-1".to_owned(), nth * EACH)], EACH);
        let told = store.append(append).await.expect("it is within the bounds");
        assert_eq!(told.streams[0].version, (nth + 1) * EACH);
    }
    let app = Kenning::builder(store.clone()).aggregate::<Tally>().build().await.expect("an application");
    let told = app.execute(Add::one(1)).await.expect("a command");
    assert_eq!(told.version(), APPENDS * EACH + 1);
    let loaded = app.load::<Tally>(1).await.expect("a tally");
    assert_eq!((loaded.count, loaded.version()), (APPENDS * EACH + 1, Version::new(APPENDS * EACH + 1)));
    let beyond = StreamQuery::forwards(super::stream_of(1)).from(65_535).limit(3);
    let versions: Vec<u64> = store
        .read_stream(beyond)
        .map_ok(|event| event.metadata.version.get())
        .try_collect()
        .await
        .expect("rows");
    assert_eq!(versions, [65_535, 65_536, 65_537]);
}

#[tokio::test]
async fn trap_7_more_events_than_16_bits_in_one_stream_in_memory() {
    long_stream(MemoryStore::new()).await;
}

#[tokio::test]
async fn trap_7_more_events_than_16_bits_in_one_stream_in_postgres() {
    long_stream(postgres::store(&database().await).await).await;
}

#[tokio::test]
async fn trap_7_versions_and_positions_beyond_32_bits_do_not_wrap() {
    const FAR: u64 = (1 << 32) + 5;
    let url = database().await;
    let store = postgres::store(&url).await;
    store.append(any(&["tally-1"])).await.expect("a free stream");
    let mut session = session(&url).await;
    run(&mut session, format!("update kenning.events set version = {FAR}")).await;
    run(&mut session, format!("select setval('kenning.event_positions', {FAR})")).await;
    let stale = store.append(numbered(Uuid::now_v7(), &[("tally-1".to_owned(), FAR & 0xffff_ffff)], 1)).await;
    let Err(AppendError::Conflict(conflict)) = stale else {
        panic!("the low bits pass for the version: {stale:?}")
    };
    assert_eq!(conflict.actual, FAR);
    for (nth, events) in [(1, 1), (2, 2)] {
        let told =
            store.append(numbered(Uuid::now_v7(), &[("tally-1".to_owned(), FAR + nth - 1)], events)).await;
        let told = &told.expect("the version is right").streams[0];
        assert_eq!(told.version, FAR + nth + events - 1);
        assert!(told.positions.iter().all(|position| position.get() > FAR), "{told:?}");
    }
    // The lock of the appender carries a position beyond 32 bits as well.
    let mut late = store.begin().await.expect("a transaction");
    store.append_in(&mut late, any(&["tally-2"])).await.expect("a free stream");
    store.append(any(&["tally-3"])).await.expect("a free stream");
    let page = store.read_feed(FeedQuery::after(0)).await.expect("a page");
    assert_eq!((page.events.len(), page.through.get()), (4, FAR + 3));
    store.commit(late).await.expect("a commit");
    let rest = store.read_feed(FeedQuery::after(page.through)).await.expect("a page");
    assert_eq!(rest.events.len(), 2);
}

/// Many commands that load, append, look the ledger up, on a pool that is far too small: nobody keeps a connection while it needs another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_9_more_commands_than_connections_all_end() {
    for connections in [1, 2] {
        let url = database().await;
        let store =
            PostgresStore::options().max_connections(connections).connect(&url).await.expect("a store");
        let app = postgres::app(&store).await;
        let work = (0..64_u32).map(|nth| {
            let (app, store) = (app.clone(), store.clone());
            async move {
                let command = Add { events: 2, ..Add::one(nth % 16) };
                app.execute(command.clone()).id(command.tag).await.expect("a command");
                app.execute(Add { even_only: true, ..command.clone() }).await.expect("the count is even");
                app.execute(command.clone()).id(command.tag).await.expect("the same command");
                app.load::<Tally>(nth % 16).await.expect("a tally");
                store.read_feed(FeedQuery::after(0)).await.expect("a page");
            }
        });
        super::in_time("all commands", join_all(work)).await;
        assert_eq!(stored(&url).await.len(), 64 * 4);
    }
}
