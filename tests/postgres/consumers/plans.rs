//! Statements on the tables of read models find their rows by the key, however large the table was when they were planned.

use kenning::read_model::Value;
use kenning::store::{ConsumerStore as _, RowChanges, TransactionalStore as _};
use sqlx::postgres::PgTransaction;
use sqlx::{AssertSqlSafe, Row as _};

use super::{KIND, LONG, generation, live, row, spec, upserts};
use crate::postgres::store;

/// The prepared statements of this session on the table, with what each of them would do now.
async fn plans(transaction: &mut PgTransaction<'static>) -> Vec<(String, String)> {
    let statements: Vec<(String, String)> = sqlx::query_as(
        "select name, statement from pg_prepared_statements where statement like $1 order by statement",
    )
    .bind("%\"things\"%")
    .fetch_all(&mut **transaction)
    .await
    .unwrap();
    let mut plans = Vec::new();
    for (name, statement) in statements {
        let arguments = if statement.starts_with("insert") { "'{}', '{}'" } else { "'{}'" };
        let explain = AssertSqlSafe(format!("explain execute \"{name}\" ({arguments})"));
        let lines = sqlx::raw_sql(explain).fetch_all(&mut **transaction).await.unwrap();
        let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        plans.push((statement, lines.join("\n")));
    }
    plans
}

/// The statistics are those of a table of one page when the plans are made, which is how a read model begins; nothing tells the server that it has grown since. Without
/// `enable_seqscan = off` in the transaction the plans of both reading statements scan the table.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_made_for_a_small_table_serves_a_large_one() {
    let store = store().await;
    let spec = spec(1, 1);
    generation(&store, &spec).await;
    let table = live(&spec);
    let keys = |keys: std::ops::Range<i64>| keys.map(|key| Value::Text(key.to_string())).collect::<Vec<_>>();
    let mut batch = store.begin_batch(KIND, LONG).await.unwrap();
    store.write_rows(&mut batch, &table, upserts((0..5).map(|nth| row(nth, nth)).collect())).await.unwrap();
    store.commit(batch).await.unwrap();
    sqlx::raw_sql("alter table kenning.things set (autovacuum_enabled = off); analyze kenning.things")
        .execute(store.pool())
        .await
        .unwrap();

    // From the sixth time on the server takes the plan that serves all values.
    let mut batch = store.begin_batch(KIND, LONG).await.unwrap();
    for nth in 0..12 {
        let found = store.load_rows(&mut batch, &table, &keys(0..500)).await.unwrap();
        assert_eq!(found.len(), 5);
        let changes = RowChanges { upserts: vec![row(0, nth)], deletes: keys(1_000..1_500) };
        store.write_rows(&mut batch, &table, changes).await.unwrap();
    }
    store
        .write_rows(&mut batch, &table, upserts((5..20_000).map(|nth| row(nth, nth)).collect()))
        .await
        .unwrap();
    sqlx::query("set local plan_cache_mode = force_generic_plan").execute(&mut *batch).await.unwrap();
    let mut plans = plans(&mut batch).await;
    // The statements that made the table have no plan.
    plans.retain(|(statement, _)| !statement.starts_with("create "));
    assert_eq!(plans.len(), 3, "{plans:?}");
    for (statement, plan) in plans {
        assert!(!plan.contains("Seq Scan on things"), "{statement}\n{plan}");
        if !statement.starts_with("insert") {
            assert!(plan.contains("Index Scan using"), "{statement}\n{plan}");
        }
    }
}

/// A projection's handlers have the plans that the server finds best.
#[tokio::test(flavor = "multi_thread")]
async fn statements_of_others_are_planned_as_ever() {
    let store = store().await;
    let mut batch = store.begin_batch(kenning::store::ConsumerKind::Projection, LONG).await.unwrap();
    let on: String = sqlx::query_scalar("show enable_seqscan").fetch_one(&mut *batch).await.unwrap();
    assert_eq!(on, "on");
    store.rollback(batch).await.unwrap();
    let mut batch = store.begin_batch(KIND, LONG).await.unwrap();
    store.rollback(batch).await.unwrap();
    batch = store.begin_batch(kenning::store::ConsumerKind::Projection, LONG).await.unwrap();
    let on: String = sqlx::query_scalar("show enable_seqscan").fetch_one(&mut *batch).await.unwrap();
    assert_eq!(on, "on", "it was for one transaction");
}
