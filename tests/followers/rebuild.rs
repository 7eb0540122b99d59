//! A rebuild whose process is killed in the middle, again and again.

use std::time::Duration;

use kenning::ReadModel;
use kenning::store::{ConsumerKind, ConsumerSpec, ConsumerStore, EventStore, Start, TableDefinition};
use kenning_tests::meters::MeterSummary;
use std::sync::Arc;

use super::{HANG, check, filled, followed, followers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trap_26_a_rebuild_killed_in_the_middle_is_resumed_and_equals_a_fold_by_hand() {
    let (url, store) = filled(500, 10_000).await;
    let mut followers = followers(&url, 2, 100, Duration::from_millis(1_000), Duration::ZERO);
    followers.start().await;
    followed(store.pool()).await;
    let before: i64 = generation(&store).await;
    let spec = ConsumerSpec {
        name: MeterSummary::TABLE.into(),
        kind: ConsumerKind::ReadModel,
        version: MeterSummary::VERSION,
        partitions: 2,
        start: Start::Beginning,
        table: Some(Arc::new(TableDefinition {
            name: MeterSummary::TABLE.into(),
            columns: MeterSummary::COLUMNS,
            key: MeterSummary::KEY,
            indexes: MeterSummary::INDEXES,
        })),
    };
    store.rebuild(&spec).await.expect("it begins");
    let patience = tokio::time::Instant::now() + HANG;
    let mut kills = 0;
    while generation(&store).await == before {
        assert!(tokio::time::Instant::now() < patience, "the rebuild does not come to an end");
        tokio::time::sleep(Duration::from_millis(300)).await;
        if kills < 4 {
            followers.kill(0).await;
            followers.start().await;
            kills += 1;
        }
    }
    followed(store.pool()).await;
    followers.stop().await;
    check(store.pool()).await;
    store.close().await;
}

/// The live generation.
async fn generation(store: &kenning::PostgresStore) -> i64 {
    let consumers = store.consumers().await.expect("they can be listed");
    let live = consumers.iter().find(|one| &*one.name == MeterSummary::TABLE && one.live);
    i64::from(live.expect("one is live").generation)
}
