//! Making consumers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::support::{
    NAME, append, event, generation, live, moved, open, opened, position, positions, record, records,
    refused, row, rows, spec, store_rows, stream, version, wait, within,
};
use crate::number::Position;
use crate::store::{ConsumerKind, ConsumerSpec, ConsumerStore, Expect, Opened, Start};

/// What is there stays: its checkpoint, its leases and its rows.
pub async fn opening_again_changes_nothing<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    assert!(lease.live);
    assert_eq!((lease.partition, lease.partitions, lease.position.get()), (0, 1, 0));
    store_rows(&*store, &spec, &lease, (0, 7), vec![row("kept", 1)]).await;
    let before = record(&*store, NAME).await;
    assert_eq!(
        (before.version, before.generation, before.live, before.paused),
        (1, lease.generation, true, false)
    );
    assert_eq!((&*before.kind, before.partitions.len()), ("read_model", 1));
    assert_eq!((before.partitions[0].epoch, before.partitions[0].worker), (lease.epoch, Some(lease.worker)));
    for _ in 0..3 {
        let opened = open(&*store, &spec).await;
        assert_eq!(opened, Opened { generation: Some(lease.generation), live: true });
    }
    assert_eq!(record(&*store, NAME).await, before);
    assert_eq!(rows(&*store, &live(&spec)).await, [row("kept", 1)]);
    assert!(moved(&*store, &lease, 7, 8).await, "its lease is what it was");
}

/// Processes that start together agree.
pub async fn many_may_open_at_once<S: ConsumerStore>(store: Arc<S>) {
    let mut last = None;
    for number in 1..=3 {
        let spec = version(number, 2);
        let opened = join_all((0..8).map(|_| within(store.open_consumer(&spec)))).await;
        let opened: Vec<_> = opened.into_iter().map(|opened| opened.expect("it opens")).collect();
        assert!(opened.iter().all(|one| *one == opened[0] && one.generation.is_some()), "{opened:?}");
        assert_eq!(opened[0].live, number == 1);
        assert!(opened[0].generation > last, "a new generation has a new number");
        last = opened[0].generation;
        let records = records(&*store, NAME).await;
        assert_eq!(records.len(), if number == 1 { 1 } else { 2 }, "a live one, and one that is built");
        assert!(records.iter().all(|record| record.partitions.len() == 2));
    }
}

/// At the beginning, at the end, after a position or at a time.
pub async fn a_consumer_begins_where_it_is_told<S: ConsumerStore>(store: Arc<S>) {
    let mut written = Vec::new();
    for nth in 0..4 {
        let appended = append(&*store, &stream("starts"), Expect::Any, vec![event(nth)]).await;
        written.push((position(&appended), appended.recorded_at));
        // By the store's clock the next one is later.
        wait(Duration::from_millis(5)).await;
    }
    let begins = async |name: &str, start: Start| {
        let spec = ConsumerSpec { start, partitions: 3, ..spec(name) };
        generation(&*store, &spec).await;
        let positions = positions(&*store, name).await;
        assert!(
            positions.iter().all(|one| *one == positions[0]),
            "all partitions begin there: {positions:?}"
        );
        Position::new(positions[0])
    };
    assert_eq!(begins("beginning", Start::Beginning).await, 0);
    let end = begins("end", Start::End).await;
    assert!(end >= written[3].0);
    assert_eq!(begins("after", Start::After(written[1].0)).await, written[1].0);
    assert_eq!(begins("after_zero", Start::After(Position::ZERO)).await, 0);
    let at = begins("at", Start::At(written[2].1)).await;
    assert!(written[1].0 <= at && at < written[2].0, "{at} of {written:?}");
    let between = begins("between", Start::At(written[1].1 + Duration::from_micros(1))).await;
    assert!(written[1].0 <= between && between < written[2].0, "{between} of {written:?}");
    let early = begins("early", Start::At(written[0].1 - Duration::from_secs(3_600))).await;
    assert!(early < written[0].0);
    let late = begins("late", Start::At(written[3].1 + Duration::from_secs(3_600))).await;
    assert!(late >= written[3].0, "what was recorded before is not delivered");
    let next = append(&*store, &stream("starts"), Expect::Any, vec![event(9)]).await;
    assert!(position(&next) > end && position(&next) > late, "what comes from now on is delivered");
}

/// A consumer that is there goes on where it stands, whatever its declaration says.
pub async fn the_start_counts_once<S: ConsumerStore>(store: Arc<S>) {
    append(&*store, &stream("starts"), Expect::Any, vec![event(1), event(2)]).await;
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    assert!(moved(&*store, &lease, 0, 1).await);
    for start in [Start::End, Start::After(Position::new(9)), Start::Beginning] {
        assert_eq!(generation(&*store, &ConsumerSpec { start, ..spec.clone() }).await, lease.generation);
        assert_eq!(positions(&*store, NAME).await, [1]);
    }
}

/// A projection has no table, and is no read model.
pub async fn a_name_is_of_one_kind<S: ConsumerStore>(store: Arc<S>) {
    let projection = ConsumerSpec { kind: ConsumerKind::Projection, table: None, ..spec(NAME) };
    generation(&*store, &projection).await;
    assert_eq!(&*record(&*store, NAME).await.kind, "projection");
    refused(&*store, &spec(NAME)).await;
    refused(&*store, &version(2, 1)).await;
    let lease = opened(&*store, &projection).await;
    assert!(moved(&*store, &lease, 0, 3).await);
    assert_eq!(positions(&*store, NAME).await, [3]);
}
