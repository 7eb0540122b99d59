//! The sequence of positions and the checkpoints, when they do not fit the events.

use kenning::PostgresStore;
use kenning::store::{Append, EventStore as _, Expect, FeedQuery};
use sqlx::Executor as _;

use super::super::{event, prepared, store, stream};
use crate::support::database;

fn one(id: impl ToString) -> Append {
    Append::to(stream(id), Expect::New, vec![event()])
}

/// As logical replication leaves it, which leaves sequences out.
async fn leave_sequence_behind(store: &PostgresStore) {
    store.pool().execute("select setval('kenning.event_positions', 1, false)").await.unwrap();
}

async fn seen(store: &PostgresStore, after: u64) -> Vec<String> {
    let page = store.read_feed(FeedQuery::after(after)).await.unwrap();
    page.events.iter().map(|event| event.metadata.stream.id().to_owned()).collect()
}

/// Fails without `server.sequence`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p1_a_sequence_behind_the_events_is_raised_before_anything_is_appended() {
    let url = database().await;
    let old = prepared(PostgresStore::options(), &url).await;
    for id in 0..5 {
        old.append(one(id)).await.unwrap();
    }
    old.pool().execute("select nextval('kenning.event_positions')").await.unwrap();
    for id in 5..10 {
        old.append(one(id)).await.unwrap();
    }
    // The next position is the hole's. One that is taken would be noticed by the append.
    old.pool().execute("select setval('kenning.event_positions', 5)").await.unwrap();
    let new = prepared(PostgresStore::options(), &url).await;
    new.append(one("new")).await.unwrap();
    assert_eq!(seen(&new, 11).await, ["new"]);
}

/// Fails without `server.raise-positions`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p1_a_position_that_is_taken_is_no_conflict_and_the_sequence_is_raised() {
    let store = store().await;
    for id in 0..5 {
        store.append(one(id)).await.unwrap();
    }
    leave_sequence_behind(&store).await;
    let alone = store.append(one("alone")).await.expect("the sequence is raised, then it is appended");
    assert_eq!(alone.streams[0].positions[0].get(), 6);
    leave_sequence_behind(&store).await;
    let several = Append::to(stream("several"), Expect::Any, vec![event(), event()]);
    let several = store.append(several.and(stream("other"), Expect::New, vec![event()])).await.unwrap();
    assert!(several.streams.iter().flat_map(|one| &one.positions).all(|position| position.get() > 6));
    assert_eq!(seen(&store, 5).await.len(), 4);
}

/// In a caller's transaction the store cannot repeat it, and says what to do.
#[tokio::test(flavor = "multi_thread")]
async fn p1_a_transaction_that_draws_a_taken_position_names_the_sequence() {
    let store = store().await;
    store.append(one(0)).await.unwrap();
    // A session that is opened afterwards would raise it.
    let mut transaction = store.pool().begin().await.unwrap();
    leave_sequence_behind(&store).await;
    let refused = store.append_in(&mut transaction, one(1)).await.unwrap_err();
    assert!(refused.to_string().contains("event_positions"), "{refused}");
}

/// Fails without `server.checkpoints`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_checkpoint_ahead_of_the_log_is_set_back_to_its_end() {
    let url = database().await;
    let old = prepared(PostgresStore::options(), &url).await;
    for id in 0..5 {
        old.append(one(id)).await.unwrap();
    }
    let insert = "insert into kenning.consumers (name, generation, kind, live, paused, version, partitions, last_generation, created_at)
                  values ('orders', 1, 'projection', true, false, 1, 2, 1, now())";
    old.pool().execute(insert).await.unwrap();
    let insert = "insert into kenning.consumer_partitions (consumer, generation, partition, position, epoch)
                  values ('orders', 1, 0, 100, 7), ('orders', 1, 1, 4, 7)";
    old.pool().execute(insert).await.unwrap();
    let new = prepared(PostgresStore::options(), &url).await;
    let found: Vec<(i64, i64)> =
        sqlx::query_as("select position, epoch from kenning.consumer_partitions order by partition")
            .fetch_all(new.pool())
            .await
            .unwrap();
    assert_eq!(found, [(5, 8), (4, 7)], "a worker that has the old position in memory is fenced off");
}
