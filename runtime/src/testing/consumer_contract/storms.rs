//! Many workers, of whom each may lie still at any moment.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::support::{
    LONG, NAME, SHORT, Worker, generation, live, positions, rows, spec, text, upserts, wait, within,
};
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::store::{ConsumerKind, ConsumerStore, Lease, StoreError, Table};

/// How many events there are to be counted.
const EVENTS: u64 = 120;

/// P4, trap 24: workers take a partition from each other while they lie still in the middle of a batch, before its checkpoint moves, and before it commits. Each event counts once.
///
/// `MemoryStore` that does not compare the epoch at the commit fails this, and so does one whose rows do not wait for it.
pub async fn p4_workers_that_lie_still_count_each_event_once<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let (number, table) = (generation(&*store, &spec).await, live(&spec));
    let workers = (0..4).map(|seed| {
        let (store, table) = (&*store, &table);
        async move {
            let mut chance = fastrand::Rng::with_seed(seed);
            let mut worker = Worker::new();
            loop {
                let lease = match worker.ask(store, &[(NAME, number)], SHORT).await {
                    [lease] => lease.clone(),
                    _ => {
                        if positions(store, NAME).await == [EVENTS] {
                            return;
                        }
                        wait(Duration::from_millis(30)).await;
                        continue;
                    }
                };
                if lease.position >= Position::new(EVENTS) {
                    return;
                }
                let pauses: Vec<_> = (0..3).map(|_| pause(&mut chance)).collect();
                let to = EVENTS.min(lease.position.get() + chance.u64(1..=8));
                match count(store, table, &lease, to, &pauses).await {
                    Ok(_) => {}
                    Err(StoreError::Refused(error)) => {
                        panic!("nobody is to blame for a lost lease: {error:?}")
                    }
                    // The store has ended the batch, or somebody else was first.
                    Err(_) => wait(Duration::from_millis(5)).await,
                }
            }
        }
    });
    within(join_all(workers)).await;
    let sum = i64::try_from(EVENTS * (EVENTS + 1) / 2).expect("a small number");
    assert_eq!(positions(&*store, NAME).await, [EVENTS]);
    assert_eq!(rows(&*store, &table).await, [Row::new(vec![text("sum"), Value::BigInt(sum), Value::Null])]);
}

/// Mostly none, sometimes longer than the lease.
fn pause(chance: &mut fastrand::Rng) -> Option<Duration> {
    (chance.u8(0..8) == 0).then(|| SHORT.mul_f64(chance.f64() * 3.0))
}

/// One batch: reads the sum, adds the events to it, moves the checkpoint; says whether it was stored.
async fn count<S: ConsumerStore>(
    store: &S,
    table: &Table,
    lease: &Lease,
    to: u64,
    pauses: &[Option<Duration>],
) -> Result<bool, StoreError> {
    let mut batch = store.begin_batch(ConsumerKind::ReadModel, LONG.min(SHORT * 2)).await?;
    let found = store.load_rows(&mut batch, table, &[text("sum")]).await?;
    lie_still(pauses[0]).await;
    let sum = match found.first().map(Row::values) {
        Some([_, Value::BigInt(sum), _]) => *sum,
        _ => 0,
    };
    let more: u64 = (lease.position.get() + 1..=to).sum();
    let sum = sum + i64::try_from(more).expect("a small number");
    let row = Row::new(vec![text("sum"), Value::BigInt(sum), Value::Null]);
    store.write_rows(&mut batch, table, upserts(vec![row])).await?;
    lie_still(pauses[1]).await;
    if !store.advance(&mut batch, lease, lease.position, Position::new(to)).await? {
        store.rollback(batch).await?;
        return Ok(false);
    }
    lie_still(pauses[2]).await;
    store.commit_batch(batch).await?;
    Ok(true)
}

async fn lie_still(pause: Option<Duration>) {
    if let Some(pause) = pause {
        wait(pause).await;
    }
}
