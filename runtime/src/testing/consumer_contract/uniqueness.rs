//! What the tables of read models refuse.

use std::sync::Arc;

use futures_util::future::join;

use super::support::{
    COLUMNS, NAME, UNIQUE, advance, begin, claim_all, commit, generation, keys, live, opened, placed,
    rollback, row, rows, store_rows, table_of, tabled, text, upserts, within, write,
};
use crate::limits::MAX_INDEXED;
use crate::read_model::{Row, Value};
use crate::store::{ConsumerSpec, ConsumerStore, Lease, RowChanges, StoreError, Table};

fn unique() -> ConsumerSpec {
    tabled(NAME, COLUMNS, UNIQUE)
}

/// Writes what has to be refused, and nothing stays of it.
async fn refused<S: ConsumerStore>(store: &S, table: &Table, changes: RowChanges) {
    let before = rows(store, table).await;
    let mut batch = begin(store).await;
    let refused = within(store.write_rows(&mut batch, table, changes)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert!(!refused.expect_err("it is refused").is_retryable());
    rollback(store, batch).await;
    assert_eq!(rows(store, table).await, before);
}

/// Two rows with the same in a unique index: of another batch, of the same batch, of one write.
///
/// `MemoryStore` that looks at the committed rows alone fails this.
pub async fn duplicates_are_refused<S: ConsumerStore>(store: Arc<S>) {
    let spec = unique();
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    store_rows(
        &*store,
        &spec,
        &lease,
        (0, 1),
        vec![placed("a", 1, "x"), placed("b", 1, "y"), placed("c", 2, "x")],
    )
    .await;
    refused(&*store, &table, upserts(vec![placed("d", 1, "x")])).await;
    refused(&*store, &table, upserts(vec![placed("b", 1, "x")])).await;
    refused(&*store, &table, upserts(vec![placed("d", 9, "z"), placed("e", 9, "z")])).await;
    let mut batch = begin(&*store).await;
    write(&*store, &mut batch, &table, upserts(vec![placed("d", 9, "z")])).await;
    let again = within(store.write_rows(&mut batch, &table, upserts(vec![placed("e", 9, "z")]))).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    rollback(&*store, batch).await;
    // The same row again is no duplicate of itself.
    store_rows(&*store, &spec, &lease, (1, 2), vec![placed("a", 1, "x"), placed("d", 9, "z")]).await;
    assert_eq!(rows(&*store, &table).await.len(), 4);
}

/// Rows with nothing in one of the columns are no duplicates.
pub async fn nothing_is_no_duplicate<S: ConsumerStore>(store: Arc<S>) {
    let spec = unique();
    let lease = opened(&*store, &spec).await;
    let nothing = |id: &str| Row::new(vec![text(id), Value::Null, text("x")]);
    let written = vec![row("a", 1), row("b", 1), nothing("c"), nothing("d")];
    store_rows(&*store, &spec, &lease, (0, 1), written.clone()).await;
    assert_eq!(rows(&*store, &live(&spec)).await, written);
}

/// What one row gives up, another may have: in the same write when it was deleted, or given up by an earlier row.
pub async fn a_place_may_change_hands<S: ConsumerStore>(store: Arc<S>) {
    let spec = unique();
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    store_rows(&*store, &spec, &lease, (0, 1), vec![placed("a", 1, "x"), placed("b", 2, "x")]).await;
    let mut batch = begin(&*store).await;
    let changes = RowChanges { upserts: vec![placed("c", 1, "x")], deletes: keys(&["a"]) };
    write(&*store, &mut batch, &table, changes).await;
    write(&*store, &mut batch, &table, upserts(vec![placed("b", 3, "x")])).await;
    write(&*store, &mut batch, &table, upserts(vec![placed("d", 2, "x")])).await;
    assert!(advance(&*store, &mut batch, &lease, 1, 2).await);
    commit(&*store, batch).await;
    let expected = [placed("b", 3, "x"), placed("c", 1, "x"), placed("d", 2, "x")];
    assert_eq!(rows(&*store, &table).await, expected);
    refused(&*store, &table, upserts(vec![placed("a", 1, "x")])).await;
    store_rows(&*store, &spec, &lease, (2, 3), vec![placed("b", 4, "x"), placed("a", 3, "x")]).await;
    assert_eq!(rows(&*store, &table).await.len(), 4);
}

/// Two partitions write the same at the same time: one of them is refused, as late as at its commit, and may be tried event by event.
///
/// `MemoryStore` that does not look again at the commit fails this.
pub async fn batches_at_once_keep_rows_unique<S: ConsumerStore>(store: Arc<S>) {
    let spec = ConsumerSpec { partitions: 2, ..unique() };
    let generation = generation(&*store, &spec).await;
    let leases = claim_all(&*store, NAME, generation).await;
    let table = live(&spec);
    let writing = async |lease: &Lease, id: &str| {
        let mut batch = begin(&*store).await;
        within(store.write_rows(&mut batch, &table, upserts(vec![placed(id, 1, "x")]))).await?;
        // The other one comes between, also in a store that never waits.
        tokio::task::yield_now().await;
        assert!(advance(&*store, &mut batch, lease, 0, 1).await, "the lease is held");
        within(store.commit(batch)).await
    };
    let (one, other) = within(join(writing(&leases[0], "a"), writing(&leases[1], "b"))).await;
    let refused: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
    assert!(matches!(refused[..], [StoreError::Refused(_)]), "one is refused: {refused:?}");
    assert_eq!(rows(&*store, &table).await.len(), 1);
}

/// A column that must have a value gets one.
pub async fn a_column_may_not_be_left_out<S: ConsumerStore>(store: Arc<S>) {
    use crate::read_model::ColumnInfo;
    use crate::schema::ColumnType;
    static STRICT: &[ColumnInfo] = &[
        super::support::column("id", ColumnType::Text, false),
        super::support::column("number", ColumnType::BigInt, false),
    ];
    let spec = tabled(NAME, STRICT, &[]);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    let row = |number: Value| upserts(vec![Row::new(vec![text("a"), number])]);
    refused(&*store, &table, row(Value::Null)).await;
    store_rows(&*store, &spec, &lease, (0, 1), row(Value::BigInt(1)).upserts).await;
    refused(&*store, &table, row(Value::Null)).await;
}

/// A text of that many bytes that does not get smaller when it is compressed.
fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    (0..bytes).map(|_| letter()).collect()
}

/// P10: a row whose key or index would not fit is refused before it reaches the database, with the
/// limit; the longest that fits is written.
///
/// `PostgresStore` that leaves it to the server fails this: the server's limit depends on how well the
/// text can be compressed.
pub async fn p10_a_text_too_long_for_an_index_is_refused<S: ConsumerStore>(store: Arc<S>) {
    let spec = unique();
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    for (key, indexed, limited) in [
        ("a".to_owned(), noise(MAX_INDEXED + 1), "index ("),
        ("a".to_owned(), "x".repeat(100_000), "index ("),
        (noise(MAX_INDEXED + 1), "x".to_owned(), "the key"),
    ] {
        let mut batch = begin(&*store).await;
        let changes = upserts(vec![placed(&key, 1, &indexed)]);
        let error = within(store.write_rows(&mut batch, &table, changes)).await.expect_err("it is too long");
        let text = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        assert!(text.contains(limited) && text.contains("2600"), "{text}");
        rollback(&*store, batch).await;
        refused(&*store, &table, upserts(vec![placed(&key, 1, &indexed)])).await;
    }
    let longest = vec![placed(&noise(MAX_INDEXED), 1, "x"), placed("b", 1, &noise(MAX_INDEXED - 100))];
    store_rows(&*store, &spec, &lease, (0, 1), longest).await;
    assert_eq!(rows(&*store, &table).await.len(), 2);
}
