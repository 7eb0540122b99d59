//! Traps 14, 15 and 19, on both stores.

use kenning::store::{EventStore, FeedQuery, TransactionalStore};
use kenning::{MemoryStore, Position};
use kenning_tests::storm::numbered;
use uuid::Uuid;

use super::postgres;
use crate::support::database;

/// The streams that the feed delivers after a position, and where it has got.
async fn read(store: &dyn EventStore, after: Position) -> (Vec<String>, Position) {
    let page = store.read_feed(FeedQuery::after(after)).await.expect("the feed can be read");
    (page.events.iter().map(|event| event.metadata.stream.to_string()).collect(), page.through)
}

async fn append(store: &impl EventStore, stream: &str) {
    let one = numbered(Uuid::now_v7(), &[(stream.to_owned(), 0)], 1);
    store.append(one).await.expect("a free stream takes an event");
}

async fn append_in<S: TransactionalStore>(store: &S, transaction: &mut S::Transaction, stream: &str) {
    let one = numbered(Uuid::now_v7(), &[(stream.to_owned(), 0)], 1);
    store.append_in(transaction, one).await.expect("a free stream takes an event");
}

async fn later_position_commits_first<S: TransactionalStore>(store: S) {
    // The very first position of a new store is the one that is late: nothing was drawn before it.
    let mut late = store.begin().await.expect("a transaction");
    append_in(&store, &mut late, "tally-1").await;
    append(&store, "tally-2").await;
    let (given, through) = read(&store, Position::ZERO).await;
    assert_eq!(
        (given, through),
        (Vec::new(), Position::ZERO),
        "nothing may be delivered before the late one"
    );
    store.commit(late).await.expect("a commit");
    assert_eq!(read(&store, Position::ZERO).await.0, ["tally-1", "tally-2"]);
}

async fn rollback_does_not_stall<S: TransactionalStore>(store: S) {
    let mut undone = store.begin().await.expect("a transaction");
    append_in(&store, &mut undone, "tally-1").await;
    append(&store, "tally-2").await;
    store.rollback(undone).await.expect("a rollback");
    assert_eq!(read(&store, Position::ZERO).await.0, ["tally-2"]);
    // One that is forgotten is rolled back as well.
    let mut dropped = store.begin().await.expect("a transaction");
    append_in(&store, &mut dropped, "tally-3").await;
    append(&store, "tally-4").await;
    drop(dropped);
    super::until("the feed to pass a dropped transaction", async || {
        read(&store, Position::ZERO).await.0 == ["tally-2", "tally-4"]
    })
    .await;
}

#[tokio::test]
async fn trap_14_later_position_commits_first_in_memory() {
    later_position_commits_first(MemoryStore::new()).await;
}

#[tokio::test]
async fn trap_14_later_position_commits_first_on_a_pristine_database() {
    later_position_commits_first(postgres::store(&database().await).await).await;
}

#[tokio::test]
async fn trap_15_rollback_does_not_stall_the_feed_in_memory() {
    rollback_does_not_stall(MemoryStore::new()).await;
}

#[tokio::test]
async fn trap_15_rollback_does_not_stall_the_feed_of_postgres() {
    rollback_does_not_stall(postgres::store(&database().await).await).await;
}

/// Event ids and times come from clocks, one of which is an hour behind here: positions alone order the feed.
#[tokio::test]
async fn trap_19_writers_with_skewed_clocks_change_nothing() {
    for store in [
        Box::new(MemoryStore::new()) as Box<dyn EventStore>,
        Box::new(postgres::store(&database().await).await),
    ] {
        let skews = [0_u64, 3_600_000, 7_200_000, 1_800_000];
        for (number, skew) in (1..).zip(skews) {
            let mut one = numbered(Uuid::now_v7(), &[(format!("tally-{number}"), 0)], 1);
            let time = uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000 - skew / 1_000, 0);
            one.streams[0].events[0].id = Uuid::new_v7(time);
            store.append(one).await.expect("a free stream takes an event");
        }
        let mut after = Position::ZERO;
        for number in 1..=4 {
            let page = store.read_feed(FeedQuery::after(after).limit(1)).await.expect("a page");
            let given: Vec<_> = page.events.iter().map(|event| event.metadata.stream.as_str()).collect();
            assert_eq!(given, [format!("tally-{number}")]);
            after = page.through;
        }
    }
}
