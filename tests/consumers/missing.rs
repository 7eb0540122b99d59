//! K7: a projection whose own table is missing is in trouble; its events are not at fault.

use std::time::Duration;

use kenning::prelude::*;
use kenning::sqlx::{self, Connection as _, PgConnection};
use kenning::store::EventStore as _;
use kenning::{ConsumerOptions, RunError};

use super::shelf::{Placed, ShelfEvent, builder, fill};
use crate::support::{Home, Postgres};

struct Counter;

#[projection(name = "counter", version = 1, events = ShelfEvent, ignore(super::shelf::Cleared, super::shelf::Removed))]
impl Counter {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        let position = event.position().get().cast_signed();
        let insert = sqlx::query("insert into tally.counted (position) values ($1)").bind(position);
        insert.execute(&mut **tx).await.map(drop)
    }
}

/// A missing schema, table and column one after the other: each is shown, none parks, and the
/// consumer continues when the cause is gone. Fails without `consumers.unfit`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_missing_table_of_a_projection_is_the_consumers_trouble() {
    let home = Postgres::new().await;
    let mut admin = PgConnection::connect(&home.url).await.unwrap();
    let options =
        ConsumerOptions::new().attempts(2).backoff(Duration::from_millis(1), Duration::from_millis(20));
    let store = home.store().await;
    store.prepare().await.unwrap();
    fill(&store, 1, 1).await;
    let app = builder(store, 1).projection_with(Counter, options).build().await.unwrap();
    let run = tokio::spawn({
        let app = app.clone();
        async move { app.run(kenning::CancellationToken::new()).await }
    });
    let problems = [
        ("\"tally.counted\" does not exist", "create schema tally"),
        ("relation \"tally.counted\" does not exist", "create table tally.counted (at bigint)"),
        ("column \"position\"", "alter table tally.counted rename at to position"),
    ];
    for (problem, cure) in problems {
        shows(&app, problem).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(cure)).execute(&mut admin).await.unwrap();
    }
    loop {
        let count: i64 =
            sqlx::query_scalar("select count(*) from tally.counted").fetch_one(&mut admin).await.unwrap();
        if count == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(app.parked().list().await.unwrap(), []);
    run.abort();
    sqlx::raw_sql("drop table tally.counted").execute(&mut admin).await.unwrap();
    fill(&**app.store(), 1, 1).await;
    // `run_until_idle` says what is wrong.
    drop(run.await);
    let failed = app.run_until_idle().await.unwrap_err();
    assert!(
        matches!(&failed, RunError::Failing { problem, .. } if problem.contains("tally.counted")),
        "{failed}"
    );
    assert_eq!(app.parked().list().await.unwrap(), []);
}

async fn shows(app: &Kenning, problem: &str) {
    for _ in 0..1_000 {
        let status = app.consumer("counter").status().await.unwrap();
        if status.problem.as_ref().is_some_and(|shown| shown.contains(problem)) {
            assert_eq!(status.failed, 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("`{problem}` is not shown");
}
