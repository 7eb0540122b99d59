//! Names that need quoting, tables that are somebody else's, indexes.

use std::sync::Arc;

use kenning::PostgresStore;
use kenning::read_model::{ColumnInfo, IndexInfo, Row, Value};
use kenning::store::{ConsumerSpec, ConsumerStore as _, OrderKey, Select, StoreError, TableDefinition};

use super::{batch, claim, generation, live, row, rows, spec, tabled};
use crate::postgres::{prepared, store};
use crate::support::database;

static ODD: &[ColumnInfo] = &[
    ColumnInfo::of::<String>("order"),
    ColumnInfo::of::<i64>("user"),
    ColumnInfo::of::<Option<String>>("from"),
    ColumnInfo::of::<Option<u64>>("a \"b\"; drop table x"),
    ColumnInfo::of::<i32>("Größe"),
    ColumnInfo::of::<i32>("größe"),
];

static ODD_INDEXES: &[IndexInfo] =
    &[IndexInfo::over(&[1, 2]), IndexInfo::over(&[3]), IndexInfo::over(&[4, 5]).unique()];

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_words_of_sql_are_names() {
    let store = store().await;
    let table = TableDefinition { name: "select".into(), columns: ODD, key: 0, indexes: ODD_INDEXES };
    let spec = ConsumerSpec { table: Some(Arc::new(table)), ..tabled(1, 1, ODD, ODD_INDEXES) };
    let generation = generation(&store, &spec).await;
    let lease = claim(&store, generation).await;
    let row = |key: &str, number: i32| {
        Row::new(vec![
            Value::Text(key.to_owned()),
            Value::BigInt(-1),
            Value::Null,
            Value::Numeric(u64::MAX.into()),
            Value::Integer(number),
            Value::Integer(number),
        ])
    };
    for (nth, at) in (0..2).zip(0..) {
        let changed = vec![row("one", nth), row("two", nth + 7)];
        assert!(batch(&store, &spec, &lease, at, at + 1, changed).await.unwrap());
    }
    let order = vec![OrderKey { column: 4, descending: true }];
    let select = Select { order, ..Select::default() };
    let found = store.select(&live(&spec), &select).await.unwrap();
    assert_eq!(found, [row("two", 8), row("one", 1)]);
    assert_eq!(store.open_consumer(&spec).await.unwrap().generation, Some(generation));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_somebody_else_is_not_taken() {
    let store = store().await;
    sqlx::raw_sql("create table kenning.things (theirs text)").execute(store.pool()).await.unwrap();
    let refused = store.open_consumer(&spec(1, 1)).await;
    assert!(matches!(&refused, Err(StoreError::Unsuitable(why)) if why.contains("`things`")), "{refused:?}");
    assert!(store.consumers().await.unwrap().is_empty());
    let theirs: i64 =
        sqlx::query_scalar("select count(*) from kenning.things").fetch_one(store.pool()).await.unwrap();
    assert_eq!(theirs, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_store_are_no_read_models() {
    let store = store().await;
    for name in ["events", "consumers", "parked_events", "_sqlx_migrations", "a__2"] {
        let table = TableDefinition { name: name.into(), ..(*live(&spec(1, 1)).definition).clone() };
        let spec = ConsumerSpec { name: name.into(), table: Some(Arc::new(table)), ..spec(1, 1) };
        assert!(matches!(store.open_consumer(&spec).await, Err(StoreError::Unsuitable(_))), "{name}");
    }
}

/// An index that somebody made by hand stays; ours come and go with the declaration.
#[tokio::test(flavor = "multi_thread")]
async fn indexes_of_others_stay() {
    let store = store().await;
    generation(&store, &spec(1, 1)).await;
    sqlx::raw_sql("create index things_1_by_hand on kenning.things (number desc)")
        .execute(store.pool())
        .await
        .unwrap();
    let count = async || -> i64 {
        let count = "select count(*) from pg_indexes where schemaname = 'kenning' and tablename = 'things'";
        sqlx::query_scalar(count).fetch_one(store.pool()).await.unwrap()
    };
    assert_eq!(count().await, 3, "the key, the number, theirs");
    generation(&store, &tabled(1, 1, super::COLUMNS, &[])).await;
    assert_eq!(count().await, 2, "the key, theirs");
    generation(&store, &spec(1, 1)).await;
    assert_eq!(count().await, 3);
}

/// A process of the old release goes on asking after the new one has swapped the tables.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_another_release_is_told_so() {
    static OTHER: &[ColumnInfo] = &[ColumnInfo::of::<String>("id"), ColumnInfo::of::<i64>("amount")];
    let store = store().await;
    let (old, new) = (spec(1, 1), tabled(2, 1, OTHER, &[]));
    generation(&store, &old).await;
    assert_eq!(rows(&store, &old).await, []);
    let generation = generation(&store, &new).await;
    let lease = claim(&store, generation).await;
    assert!(batch(&store, &new, &lease, 0, 1, vec![row("a", 1)]).await.unwrap());
    assert!(store.swap(&lease).await.unwrap());
    let refused = store.select(&live(&old), &Select::default()).await;
    assert!(
        matches!(&refused, Err(StoreError::Unsuitable(why)) if why.contains("other columns")),
        "{refused:?}"
    );
    assert_eq!(rows(&store, &new).await, [row("a", 1)]);
}

/// A process of the new release asks while the old table still has the name, on the one connection that it has. Its statement was prepared for the old type: without preparing it anew, it is
/// refused for as long as the connection lives.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_prepared_before_a_swap_is_prepared_anew() {
    static NARROW: &[ColumnInfo] = &[ColumnInfo::of::<String>("id"), ColumnInfo::of::<i32>("number")];
    let store = prepared(PostgresStore::options().max_connections(1), &database().await).await;
    let (old, new) = (tabled(1, 1, NARROW, &[]), spec(2, 1));
    let lease = claim(&store, generation(&store, &old).await).await;
    let narrow = Row::new(vec![Value::Text("a".to_owned()), Value::Integer(1)]);
    assert!(batch(&store, &old, &lease, 0, 1, vec![narrow]).await.unwrap());
    let lease = claim(&store, generation(&store, &new).await).await;
    assert!(batch(&store, &new, &lease, 0, 1, vec![row("a", 2)]).await.unwrap());
    for _ in 0..7 {
        let early = store.select(&live(&new), &Select::default()).await;
        assert!(
            matches!(&early, Err(StoreError::Unsuitable(why)) if why.contains("other columns")),
            "{early:?}"
        );
    }
    assert!(store.swap(&lease).await.unwrap());
    assert_eq!(rows(&store, &new).await, [row("a", 2)]);
    assert_eq!(store.count(&live(&new), &Select::default()).await.unwrap(), 1);
}
