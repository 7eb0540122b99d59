//! Many workers, of whom each may lie still at any moment.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::support::{
    LONG, NAME, SHORT, Worker, generation, live, positions, rows, spec, text, upserts, wait, within,
};
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::store::{ConsumerKind, ConsumerStore, Lease, StoreError, Table};

/// How many events there are to be counted.
const EVENTS: u64 = 240;

/// P4, trap 24: workers take a partition from each other while they lie still in the middle of a batch, before its checkpoint moves, and before it commits. Each event counts once, and
/// the batches that were stored follow each other.
///
/// `MemoryStore` that does not look at the leases again at the commit fails this.
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
                let pauses = pauses(&mut chance);
                let to = EVENTS.min(lease.position.get() + chance.u64(1..=5));
                match count(store, table, &lease, to, pauses).await {
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
    assert_eq!(positions(&*store, NAME).await, [EVENTS]);
    let mut stored = rows(&*store, &table).await;
    let sum = i64::try_from(EVENTS * (EVENTS + 1) / 2).expect("a small number");
    assert_eq!(stored.pop(), Some(Row::new(vec![text("sum"), Value::BigInt(sum), Value::Null])));
    let mut at = 0;
    for batch in &stored {
        let [Value::Text(from), Value::BigInt(to), _] = batch.values() else { panic!("a batch: {batch:?}") };
        assert!(
            from.starts_with(&format!("batch {at:04} ")),
            "each begins where the last has ended: {stored:?}"
        );
        at = *to;
    }
    assert_eq!(u64::try_from(at).expect("a small number"), EVENTS);
}

/// How long a batch lies still after reading, after writing and after moving the checkpoint: mostly not at all, else at one of them, mostly longer than the lease.
fn pauses(chance: &mut fastrand::Rng) -> [Duration; 3] {
    let mut pauses = [Duration::ZERO; 3];
    if chance.u8(0..5) == 0 {
        pauses[chance.usize(0..3)] = SHORT.mul_f64(0.5 + chance.f64() * 2.0);
    }
    pauses
}

/// One batch: reads the sum, adds the events to it, moves the checkpoint; says whether it was stored.
async fn count<S: ConsumerStore>(
    store: &S,
    table: &Table,
    lease: &Lease,
    to: u64,
    [read, written, moved]: [Duration; 3],
) -> Result<bool, StoreError> {
    let mut batch = store.begin_batch(ConsumerKind::ReadModel, LONG.min(SHORT * 2)).await?;
    let found = store.load_rows(&mut batch, table, &[text("sum")]).await?;
    wait(read).await;
    let sum = match found.first().map(Row::values) {
        Some([_, Value::BigInt(sum), _]) => *sum,
        _ => 0,
    };
    let more: u64 = (lease.position.get() + 1..=to).sum();
    let sum = sum + i64::try_from(more).expect("a small number");
    let row = |id: &str, number: i64| Row::new(vec![text(id), Value::BigInt(number), Value::Null]);
    let own = format!("batch {:04} {}", lease.position.get(), Uuid::now_v7());
    let changed = vec![row("sum", sum), row(&own, i64::try_from(to).expect("a small number"))];
    store.write_rows(&mut batch, table, upserts(changed)).await?;
    wait(written).await;
    if !store.advance(&mut batch, lease, lease.position, Position::new(to)).await? {
        store.rollback(batch).await?;
        return Ok(false);
    }
    wait(moved).await;
    store.commit_batch(batch).await?;
    Ok(true)
}
