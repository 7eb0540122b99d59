//! Building anew beside what is live, and taking its place.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    LONG, NAME, Worker, advance, begin, building, claim, claim_all, commit, generation, live, moved, open,
    opened, park, parked, places, poison, record, records, rollback, row, rows, spec, store_rows, table_of,
    text, upserts, version, wait, within,
};
use crate::store::{
    ConsumerKind, ConsumerSpec, ConsumerStore, Lease, Opened, SWAP_PAUSE, Select, StoreError,
};

async fn rebuild<S: ConsumerStore>(store: &S, spec: &ConsumerSpec) -> u32 {
    within(store.rebuild(spec)).await.expect("it is built anew")
}

async fn swap<S: ConsumerStore>(store: &S, lease: &Lease) -> bool {
    within(store.swap(lease)).await.expect("it can be tried")
}

/// Trap 26: building anew begins at the beginning with an empty table, goes on when it is asked for again, and leaves what is live alone.
pub async fn trap_26_a_rebuild_is_beside_what_is_live<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let never = within(store.rebuild(&spec)).await;
    assert!(matches!(never, Err(StoreError::Unsuitable(_))), "{never:?}");
    let old = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &old, (0, 5), vec![row("a", 1)]).await;
    park(&*store, &old, 5, &[poison(3, "poison", Some("it fails"))]).await;
    let number = rebuild(&*store, &spec).await;
    assert_ne!(number, old.generation);
    assert_eq!(open(&*store, &spec).await, Opened { generation: Some(old.generation), live: true });
    let new = claim(&*store, NAME, number).await;
    assert_eq!((new.live, new.position.get()), (false, 0));
    store_rows(&*store, &spec, &new, (0, 2), vec![row("a", 7), row("b", 8)]).await;
    assert_eq!(rebuild(&*store, &spec).await, number, "one that is being built goes on");
    // Both are run and read, and neither sees what the other does.
    store_rows(&*store, &spec, &old, (5, 6), vec![row("a", 2), row("c", 3)]).await;
    assert_eq!(rows(&*store, &live(&spec)).await, [row("a", 2), row("c", 3)]);
    assert_eq!(rows(&*store, &building(&spec, number)).await, [row("a", 7), row("b", 8)]);
    let known: Vec<_> =
        records(&*store, NAME).await.iter().map(|record| (record.live, record.failed)).collect();
    assert_eq!(known, [(true, 1), (false, 0)]);
    let mut worker = Worker { id: old.worker, leases: vec![old.clone()] };
    worker.ask(&*store, &[(NAME, old.generation)], LONG).await;
    assert_eq!((worker.leases.len(), worker.leases[0].live), (1, true));
}

/// A swap before its time stops the live one, so that it cannot run away; after its time all of it is new at once.
pub async fn a_swap_waits_for_what_the_live_one_has_done<S: ConsumerStore>(store: Arc<S>) {
    let spec = version(1, 2);
    let number = generation(&*store, &spec).await;
    let old = claim_all(&*store, NAME, number).await;
    store_rows(&*store, &spec, &old[0], (0, 50), vec![row("a", 1)]).await;
    store_rows(&*store, &spec, &old[1], (0, 60), vec![row("b", 1)]).await;
    park(&*store, &old[0], 50, &[poison(3, "old", Some("it fails"))]).await;
    let number = rebuild(&*store, &spec).await;
    let new = claim_all(&*store, NAME, number).await;
    store_rows(&*store, &spec, &new[0], (0, 70), vec![row("a", 2)]).await;
    park(&*store, &new[0], 70, &[poison(4, "new", Some("it fails"))]).await;
    assert!(within(store.replace_anyway(NAME, "it is in order")).await.expect("it can be asked"));
    // The second partition is behind by one.
    store_rows(&*store, &spec, &new[1], (0, 59), vec![row("b", 2)]).await;
    assert!(!swap(&*store, &new[0]).await);
    assert_eq!(rows(&*store, &live(&spec)).await, [row("a", 1), row("b", 1)], "the old one serves");
    for lease in &old {
        let at = if lease.partition == 0 { 50 } else { 60 };
        assert!(!moved(&*store, lease, at, at + 1).await, "the live one is stopped");
    }
    assert!(moved(&*store, &new[1], 59, 60).await, "the new one goes on");
    assert!(swap(&*store, &new[0]).await);

    let now = record(&*store, NAME).await;
    assert_eq!((now.generation, now.live, now.failed), (number, true, 1));
    let at: Vec<_> = now.partitions.iter().map(|partition| partition.position.get()).collect();
    assert_eq!(at, [70, 60]);
    assert_eq!(rows(&*store, &live(&spec)).await, [row("a", 2), row("b", 2)]);
    assert_eq!(places(&parked(&*store, NAME).await), [4], "those of the old one are gone");
    assert_eq!(open(&*store, &spec).await, Opened { generation: Some(number), live: true });
    assert!(!moved(&*store, &new[0], 70, 71).await, "its lease spoke of a table that was being built");
    let again = claim_all(&*store, NAME, number).await;
    assert!(again.iter().all(|lease| lease.live && lease.epoch > new[0].epoch.min(new[1].epoch)));
    store_rows(&*store, &spec, &again[0], (70, 71), vec![row("c", 3)]).await;
    assert_eq!(rows(&*store, &live(&spec)).await.len(), 3);
    // And once more, with the same names.
    let third = rebuild(&*store, &spec).await;
    assert!(third > number);
    assert_eq!(rows(&*store, &building(&spec, third)).await, []);
}

/// Whoever builds may die between stopping the live one and taking its place: the live one goes on after a while.
pub async fn a_stopped_one_goes_on_when_the_builder_is_gone<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let old = opened(&*store, &spec).await;
    assert!(moved(&*store, &old, 0, 5).await);
    let number = rebuild(&*store, &spec).await;
    let new = claim(&*store, NAME, number).await;
    let began = tokio::time::Instant::now();
    assert!(!swap(&*store, &new).await);
    let mut worker = Worker::new();
    let mut stopped = false;
    loop {
        let asked = tokio::time::Instant::now();
        if let [lease] = worker.ask(&*store, &[(NAME, old.generation)], LONG).await {
            assert!(lease.live && lease.epoch > old.epoch && lease.position == 5);
            break;
        }
        stopped = true;
        assert!(asked - began < SWAP_PAUSE * 20, "it goes on");
        wait(Duration::from_millis(50)).await;
    }
    assert!(stopped || began.elapsed() >= SWAP_PAUSE, "nobody has it at first");
    assert!(moved(&*store, &worker.leases[0], 5, 6).await);
}

/// Where the numbers of partitions differ, all of the new ones have to be as far as the furthest of the old ones.
pub async fn partitions_of_other_numbers_are_compared<S: ConsumerStore>(store: Arc<S>) {
    let (one, two) = (version(1, 2), version(2, 3));
    let number = generation(&*store, &one).await;
    let old = claim_all(&*store, NAME, number).await;
    assert!(moved(&*store, &old[0], 0, 10).await);
    assert!(moved(&*store, &old[1], 0, 20).await);
    let number = generation(&*store, &two).await;
    let new = claim_all(&*store, NAME, number).await;
    for lease in &new {
        assert!(moved(&*store, lease, 0, 19 + u64::from(lease.partition)).await);
    }
    assert!(!swap(&*store, &new[0]).await);
    assert!(moved(&*store, &new[0], 19, 20).await);
    assert!(swap(&*store, &new[2]).await);
    let now = record(&*store, NAME).await;
    assert_eq!((now.version, now.partitions.len(), now.generation), (2, 3, number));
    assert_eq!(
        open(&*store, &one).await,
        Opened { generation: None, live: false },
        "it is of an older release now"
    );
}

/// A swap by one that lost its lease, or by the live one, changes nothing.
pub async fn a_swap_is_fenced<S: ConsumerStore>(store: Arc<S>) {
    let spec = ConsumerSpec { kind: ConsumerKind::Projection, table: None, ..spec(NAME) };
    let old = opened(&*store, &spec).await;
    assert!(!swap(&*store, &old).await);
    let number = rebuild(&*store, &spec).await;
    let lost = claim(&*store, NAME, number).await;
    within(store.release(lost.worker)).await.expect("it is released");
    let new = claim(&*store, NAME, number).await;
    assert!(!swap(&*store, &lost).await);
    assert!(!swap(&*store, &Lease { generation: number + 1, ..new.clone() }).await);
    assert_eq!(records(&*store, NAME).await.len(), 2);
    assert!(moved(&*store, &old, 0, 1).await, "the live one is not stopped");
    assert!(!swap(&*store, &old).await);
    assert!(moved(&*store, &new, 0, 1).await);
    assert!(swap(&*store, &new).await, "what has no table is swapped as well");
    assert_eq!(record(&*store, NAME).await.generation, number);
    assert!(!swap(&*store, &new).await, "it is done");
}

/// P4: a holder of the old generation that wakes up afterwards writes nothing, neither into the old table nor into the new one.
pub async fn p4_what_was_swapped_out_writes_nothing<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let old = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &old, (0, 5), vec![row("a", 1)]).await;
    let number = rebuild(&*store, &spec).await;
    let new = claim(&*store, NAME, number).await;
    store_rows(&*store, &spec, &new, (0, 5), vec![row("a", 2)]).await;
    assert!(swap(&*store, &new).await);
    for lease in [&old, &new] {
        let mut batch = begin(&*store).await;
        // A store may refuse to write to a table that is gone; then the batch is lost anyway.
        let table = table_of(&spec, lease);
        let written = within(store.write_rows(&mut batch, &table, upserts(vec![row("late", 1)]))).await;
        if written.is_ok() {
            assert!(!advance(&*store, &mut batch, lease, 5, 6).await);
        }
        rollback(&*store, batch).await;
        let mut worker = Worker { id: lease.worker, leases: vec![lease.clone()] };
        worker.ask(&*store, &[(NAME, old.generation)], LONG).await;
        assert_eq!(worker.leases, [], "the old generation is gone");
    }
    assert_eq!(rows(&*store, &live(&spec)).await, [row("a", 2)]);
    assert_eq!(record(&*store, NAME).await.partitions[0].position, 5);
}

/// Whoever reads while a swap is done gets the rows of the old one or those of the new one: never none, never both.
pub async fn a_reader_sees_the_old_or_the_new<S: ConsumerStore>(store: Arc<S>) {
    const ROWS: i64 = 200;
    let spec = spec(NAME);
    let all = |nth: i64| (0..ROWS).map(|id| row(&format!("row{id:04}"), nth)).collect::<Vec<_>>();
    let first = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &first, (0, 5), all(0)).await;
    let (done, finished) = tokio::sync::watch::channel(false);
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, table, finished) = (Arc::clone(&store), live(&spec), finished.clone());
            tokio::spawn(async move {
                let mut seen = 0;
                while !*finished.borrow() {
                    let read = within(store.select(&table, &Select::default())).await;
                    let read = read.expect("the table can be read");
                    assert_eq!(read.len() as i64, ROWS, "all rows are there");
                    assert!(
                        read.iter().all(|row| row.values()[1] == read[0].values()[1]),
                        "of one generation"
                    );
                    let counted = within(store.count(&table, &Select::default())).await;
                    assert_eq!(counted.expect("they can be counted") as i64, ROWS);
                    let crate::read_model::Value::BigInt(nth) = read[0].values()[1] else {
                        panic!("a number")
                    };
                    assert!(nth >= seen, "nobody goes back to the old one");
                    seen = nth;
                    // Where time is virtual it goes on only while all wait.
                    wait(Duration::from_micros(100)).await;
                }
                seen
            })
        })
        .collect();
    for nth in 1..=8 {
        let number = rebuild(&*store, &spec).await;
        let lease = claim(&*store, NAME, number).await;
        store_rows(&*store, &spec, &lease, (0, 5), all(nth)).await;
        let swapping = async {
            while !swap(&*store, &lease).await {
                wait(Duration::from_millis(1)).await;
            }
        };
        within(swapping).await;
        wait(Duration::from_millis(10)).await;
    }
    done.send(true).expect("there are readers");
    for reader in readers {
        within(reader).await.expect("no reader panics");
    }
    let mut batch = begin(&*store).await;
    let found = within(store.load_rows(&mut batch, &live(&spec), &[text("row0000")])).await;
    assert_eq!(found.expect("it can be loaded"), [row("row0000", 8)]);
    commit(&*store, batch).await;
}
