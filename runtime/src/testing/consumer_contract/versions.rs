//! What happens when a declaration changes.

use std::sync::Arc;

use super::support::{
    COLUMNS, LONG, NAME, UNIQUE, Worker, begin, building, claim, column, generation, live, moved, open,
    opened, placed, positions, records, refused, rollback, row, rows, spec, store_rows, table_of, tabled,
    upserts, version, within,
};
use crate::read_model::{ColumnInfo, Row, Value};
use crate::schema::ColumnType;
use crate::store::{ConsumerSpec, ConsumerStore, Opened, StoreError, TableDefinition};

/// Other columns than those of version 1.
static CHANGED: &[ColumnInfo] =
    &[column("id", ColumnType::Text, false), column("total", ColumnType::Numeric, false)];

/// The old generation goes on serving and being run, the new one begins at the beginning with a table of its own.
pub async fn a_higher_version_is_built_beside<S: ConsumerStore>(store: Arc<S>) {
    let one = spec(NAME);
    let lease = opened(&*store, &one).await;
    store_rows(&*store, &one, &lease, (0, 7), vec![row("old", 1)]).await;

    let two = ConsumerSpec { version: 2, partitions: 2, ..tabled(NAME, CHANGED, &[]) };
    let new = open(&*store, &two).await;
    let number = new.generation.expect("it is to be run");
    assert!(number != lease.generation && !new.live);
    assert_eq!(open(&*store, &two).await, new, "it is made once");
    let known = records(&*store, NAME).await;
    let stands: Vec<_> = known
        .iter()
        .map(|record| (record.generation, record.version, record.live, record.partitions.len()))
        .collect();
    assert_eq!(stands, [(lease.generation, 1, true, 1), (number, 2, false, 2)]);
    assert!(known[1].partitions.iter().all(|partition| partition.position == 0));

    assert_eq!(rows(&*store, &building(&two, number)).await, []);
    let built = super::support::claim_all(&*store, NAME, number).await;
    assert!(built.iter().all(|lease| !lease.live && lease.partitions == 2) && built.len() == 2);
    let total = Row::new(vec![super::support::text("new"), Value::Numeric(9)]);
    store_rows(&*store, &two, &built[0], (0, 5), vec![total.clone()]).await;
    // A process of the old release that starts now runs the old generation.
    assert_eq!(open(&*store, &one).await, Opened { generation: Some(lease.generation), live: true });
    store_rows(&*store, &one, &lease, (7, 8), vec![row("older", 2)]).await;
    assert_eq!(rows(&*store, &live(&one)).await, [row("old", 1), row("older", 2)]);
    assert_eq!(rows(&*store, &building(&two, number)).await, [total]);
}

/// A process of an older release does nothing to what a newer one has made.
pub async fn a_lower_version_runs_nothing<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &version(5, 1)).await;
    let older = ConsumerSpec { version: 4, partitions: 3, ..tabled(NAME, CHANGED, &[]) };
    assert_eq!(open(&*store, &older).await, Opened { generation: None, live: false });
    assert_eq!(records(&*store, NAME).await.len(), 1);
    assert!(matches!(within(store.rebuild(&older)).await, Err(StoreError::Unsuitable(_))));
    assert!(moved(&*store, &lease, 0, 1).await);
}

/// Version 2 does not throw away what version 3 builds in the place of version 1.
pub async fn a_version_in_between_runs_nothing<S: ConsumerStore>(store: Arc<S>) {
    generation(&*store, &version(1, 1)).await;
    let third = generation(&*store, &version(3, 1)).await;
    let before = records(&*store, NAME).await;
    assert_eq!(open(&*store, &version(2, 1)).await, Opened { generation: None, live: false });
    assert_eq!(records(&*store, NAME).await, before);
    assert_eq!(open(&*store, &version(3, 1)).await, Opened { generation: Some(third), live: false });
}

/// Version 3 comes before version 2 was built: what was built is gone with its table, and its leases fit nothing that comes later.
pub async fn a_build_that_is_overtaken_is_thrown_away<S: ConsumerStore>(store: Arc<S>) {
    generation(&*store, &version(1, 1)).await;
    let (two, three) = (version(2, 1), version(3, 1));
    let second = opened(&*store, &two).await;
    store_rows(&*store, &two, &second, (0, 4), vec![row("gone", 1)]).await;
    let third = opened(&*store, &three).await;
    assert!(third.generation > second.generation, "no number is given twice");
    let known: Vec<_> = records(&*store, NAME).await.iter().map(|record| record.version).collect();
    assert_eq!(known, [1, 3]);
    assert_eq!(third.position, 0);
    assert_eq!(rows(&*store, &building(&three, third.generation)).await, []);
    assert!(!moved(&*store, &second, 4, 5).await, "its lease is lost");
    assert!(!moved(&*store, &second, 0, 5).await);
    let mut stale = Worker { id: second.worker, leases: vec![second.clone()] };
    assert_eq!(stale.ask(&*store, &[(NAME, second.generation)], LONG).await, []);
    assert!(moved(&*store, &third, 0, 5).await);
}

/// Columns are changed under another version alone.
pub async fn other_columns_under_one_version_are_refused<S: ConsumerStore>(store: Arc<S>) {
    static RENAMED: &[ColumnInfo] = &[COLUMNS_ID, column("count", ColumnType::BigInt, true), COLUMNS_PLACE];
    static RETYPED: &[ColumnInfo] = &[COLUMNS_ID, column("number", ColumnType::Numeric, true), COLUMNS_PLACE];
    static STRICTER: &[ColumnInfo] =
        &[COLUMNS_ID, column("number", ColumnType::BigInt, false), COLUMNS_PLACE];
    static FEWER: &[ColumnInfo] = &[COLUMNS_ID, column("number", ColumnType::BigInt, true)];
    static TURNED: &[ColumnInfo] = &[COLUMNS_ID, COLUMNS_PLACE, column("number", ColumnType::BigInt, true)];
    const COLUMNS_ID: ColumnInfo = column("id", ColumnType::Text, false);
    const COLUMNS_PLACE: ColumnInfo = column("place", ColumnType::Text, true);

    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &lease, (0, 1), vec![row("kept", 1)]).await;
    let before = records(&*store, NAME).await;
    for changed in [RENAMED, RETYPED, STRICTER, FEWER, TURNED] {
        let reason = refused(&*store, &tabled(NAME, changed, &[])).await;
        assert!(reason.contains(NAME) && reason.contains("raise `version`"), "{reason}");
    }
    static KEYS: &[ColumnInfo] = &[COLUMNS_ID, column("other", ColumnType::Text, false)];
    let keyed = tabled("keyed", KEYS, &[]);
    generation(&*store, &keyed).await;
    let table = TableDefinition { key: 1, ..TableDefinition::clone(&live(&keyed).definition) };
    refused(&*store, &ConsumerSpec { table: Some(Arc::new(table)), ..keyed.clone() }).await;
    assert_eq!(records(&*store, NAME).await, before);
    assert_eq!(rows(&*store, &live(&spec)).await, [row("kept", 1)]);

    // Nor of one that is being built.
    let two = version(2, 1);
    generation(&*store, &two).await;
    refused(&*store, &ConsumerSpec { version: 2, ..tabled(NAME, RENAMED, &[]) }).await;
    generation(&*store, &two).await;
}

/// An index is no reason for another version. A unique one that the rows would break is refused, and changes nothing.
pub async fn indexes_are_made_and_dropped_in_place<S: ConsumerStore>(store: Arc<S>) {
    let (plain, unique) = (spec(NAME), tabled(NAME, COLUMNS, UNIQUE));
    let lease = opened(&*store, &plain).await;
    let duplicates = [placed("a", 1, "here"), placed("b", 1, "here")];
    store_rows(&*store, &plain, &lease, (0, 1), duplicates.to_vec()).await;
    let refused = within(store.open_consumer(&unique)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(generation(&*store, &plain).await, lease.generation, "it goes on without it");
    assert_eq!(rows(&*store, &live(&plain)).await, duplicates);

    store_rows(&*store, &plain, &lease, (1, 2), vec![placed("b", 2, "here")]).await;
    for _ in 0..2 {
        assert_eq!(generation(&*store, &unique).await, lease.generation);
    }
    let mut batch = begin(&*store).await;
    let again = upserts(vec![placed("c", 1, "here")]);
    let refused = within(store.write_rows(&mut batch, &table_of(&unique, &lease), again.clone())).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    rollback(&*store, batch).await;

    assert_eq!(generation(&*store, &plain).await, lease.generation);
    store_rows(&*store, &plain, &lease, (2, 3), again.upserts).await;
    assert_eq!(rows(&*store, &live(&plain)).await.len(), 3);
}

/// How many partitions there are is open until one of them has moved, since what each has done depends on it.
pub async fn partitions_change_until_the_first_event<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &version(1, 1)).await;
    assert_eq!(generation(&*store, &version(1, 3)).await, lease.generation);
    assert_eq!(positions(&*store, NAME).await, [0, 0, 0]);
    assert!(!moved(&*store, &lease, 0, 1).await, "the lease was of another partition");
    assert_eq!(generation(&*store, &version(1, 1)).await, lease.generation);
    let lease = claim(&*store, NAME, lease.generation).await;
    assert_eq!(lease.partitions, 1);
    assert!(moved(&*store, &lease, 0, 1).await);
    let reason = refused(&*store, &version(1, 3)).await;
    assert!(reason.contains(NAME) && reason.contains("raise `version`"), "{reason}");
    assert_eq!(positions(&*store, NAME).await, [1]);
    assert!(moved(&*store, &lease, 1, 2).await);
}
