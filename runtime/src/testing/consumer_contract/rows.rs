//! The rows of read models.

use std::sync::Arc;

use super::support::{
    NAME, advance, begin, commit, keys, live, opened, placed, row, rows, spec, store_rows, table_of, text,
    upserts, within, write,
};
use crate::read_model::{Row, Value};
use crate::store::{ConsumerStore, RowChanges, Select, Table};

async fn load<S: ConsumerStore>(
    store: &S,
    batch: &mut S::Transaction,
    table: &Table,
    of: &[&str],
) -> Vec<Row> {
    let keys = keys(of);
    let mut rows = within(store.load_rows(batch, table, &keys)).await.expect("rows can be loaded");
    rows.sort_by(|one, other| one.values()[0].cmp(&other.values()[0]));
    rows
}

/// By key: what is there is replaced as a whole, what is not is made, what is deleted is gone.
pub async fn rows_are_inserted_replaced_and_deleted<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    store_rows(&*store, &spec, &lease, (0, 1), vec![placed("a", 1, "x"), placed("b", 2, "y"), row("c", 3)])
        .await;
    let changes =
        RowChanges { upserts: vec![row("b", 20), placed("d", 4, "z")], deletes: keys(&["c", "nobody"]) };
    let mut batch = begin(&*store).await;
    write(&*store, &mut batch, &table, changes).await;
    write(&*store, &mut batch, &table, RowChanges::default()).await;
    assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
    commit(&*store, batch).await;
    let expected = [placed("a", 1, "x"), row("b", 20), placed("d", 4, "z")];
    assert_eq!(rows(&*store, &table).await, expected);
    assert_eq!(within(store.count(&table, &Select::default())).await.expect("they are counted"), 3);

    let mut batch = begin(&*store).await;
    assert_eq!(
        load(&*store, &mut batch, &table, &["d", "c", "a"]).await,
        [expected[0].clone(), expected[2].clone()]
    );
    assert_eq!(load(&*store, &mut batch, &table, &[]).await, []);
    assert_eq!(load(&*store, &mut batch, &table, &["nobody"]).await, []);
    commit(&*store, batch).await;
}

/// What a batch has written, it reads.
pub async fn a_batch_sees_its_own_rows<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    store_rows(&*store, &spec, &lease, (0, 1), vec![row("a", 1), row("b", 2)]).await;
    let mut batch = begin(&*store).await;
    let changes = RowChanges { upserts: vec![row("b", 20), row("c", 30)], deletes: keys(&["a"]) };
    write(&*store, &mut batch, &table, changes).await;
    assert_eq!(load(&*store, &mut batch, &table, &["a", "b", "c"]).await, [row("b", 20), row("c", 30)]);
    let changes = RowChanges { upserts: vec![row("a", 100)], deletes: keys(&["c"]) };
    write(&*store, &mut batch, &table, changes).await;
    assert_eq!(load(&*store, &mut batch, &table, &["a", "b", "c"]).await, [row("a", 100), row("b", 20)]);
    assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
    commit(&*store, batch).await;
    assert_eq!(rows(&*store, &table).await, [row("a", 100), row("b", 20)]);
}

/// A key that is deleted and written in one go is there.
pub async fn deletes_come_first<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &lease, (0, 1), vec![row("a", 1)]).await;
    let mut batch = begin(&*store).await;
    let changes = RowChanges { upserts: vec![row("a", 2), row("b", 3)], deletes: keys(&["b", "a"]) };
    write(&*store, &mut batch, &live(&spec), changes).await;
    assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
    commit(&*store, batch).await;
    assert_eq!(rows(&*store, &live(&spec)).await, [row("a", 2), row("b", 3)]);
}

/// Each read model has a table of its own.
pub async fn tables_do_not_mix<S: ConsumerStore>(store: Arc<S>) {
    let (one, other) = (spec("one_table"), spec("other_table"));
    let (first, second) = (opened(&*store, &one).await, opened(&*store, &other).await);
    store_rows(&*store, &one, &first, (0, 1), vec![row("a", 1)]).await;
    store_rows(&*store, &other, &second, (0, 1), vec![row("a", 2)]).await;
    assert_eq!(rows(&*store, &live(&one)).await, [row("a", 1)]);
    assert_eq!(rows(&*store, &live(&other)).await, [row("a", 2)]);
}

/// Ten thousand rows in one batch, some of them large; and a hundred thousand keys.
pub async fn large_batches_are_written<S: ConsumerStore>(store: Arc<S>) {
    const ROWS: i64 = 10_000;
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    let id = |number: i64| format!("row{number:06}");
    let made = (0..ROWS).map(|number| placed(&id(number), number, &"x".repeat((number % 100) as usize)));
    store_rows(&*store, &spec, &lease, (0, 1), made.collect()).await;
    let mut batch = begin(&*store).await;
    let asked: Vec<_> = (0..ROWS * 10).map(|number| text(&id(number))).collect();
    let mut found = within(store.load_rows(&mut batch, &table, &asked)).await.expect("they can be loaded");
    assert_eq!(found.len(), ROWS as usize);
    found.sort_by(|one, other| one.values()[0].cmp(&other.values()[0]));
    assert!((0..ROWS).zip(&found).all(|(number, row)| row.values()[1] == Value::BigInt(number)));
    let deletes = (0..ROWS).filter(|number| number % 2 == 0).map(|number| text(&id(number))).collect();
    let replaced = (0..ROWS).filter(|number| number % 2 == 1).map(|number| row(&id(number), -number));
    let changes = RowChanges { upserts: replaced.collect(), deletes };
    write(&*store, &mut batch, &table, changes).await;
    assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
    commit(&*store, batch).await;
    let left = rows(&*store, &table).await;
    assert_eq!(left.len() as i64, ROWS / 2);
    assert!((0..ROWS / 2).zip(&left).all(|(nth, left)| *left == row(&id(nth * 2 + 1), -(nth * 2 + 1))));

    // One row of two megabytes.
    let large = "ø".repeat(1 << 20);
    store_rows(&*store, &spec, &lease, (2, 3), vec![placed("large", 1, &large)]).await;
    let mut batch = begin(&*store).await;
    assert_eq!(load(&*store, &mut batch, &table, &["large"]).await, [placed("large", 1, &large)]);
    write(&*store, &mut batch, &table, upserts(Vec::new())).await;
    commit(&*store, batch).await;
}
