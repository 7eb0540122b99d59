//! Starting instances by events, beside a read model that has as many rows to make.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::saga::SagaOptions;
use kenning::{CancellationToken, ConsumerOptions, Kenning, Start};

use super::delivery::Welcome;
use crate::Result;
use crate::cpu::Cpu;
use crate::domain::AccountSummary;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::Context;
use crate::workload::catch_up::{Locality, filled_with};

const INSTANCES: u64 = 10_000;

/// Ten thousand accounts were opened: an instance for each, and a row for each.
pub(crate) async fn start(context: Context) -> Result<Workload> {
    let (pool, store) = filled_with(&context, INSTANCES, 1, Locality::Streams).await?;
    // They are started, and hardly any is run: that is another workload.
    let options = SagaOptions::new().concurrency(1);
    let app =
        Kenning::builder(store).sagas(options).read_model_with::<AccountSummary>(ConsumerOptions::new());
    let app = Arc::new(app.saga_from::<Welcome>((), Start::Beginning).build().await?);
    let last: String = sqlx::query_scalar(
        "SELECT substr(stream, position('-' IN stream) + 1) FROM ours.events ORDER BY position DESC LIMIT 1",
    )
    .fetch_one(&pool)
    .await?;
    let side = |name, consumer: &'static str, table: &'static str, key: &'static str| {
        let (app, pool, last) = (Arc::clone(&app), pool.clone(), last.clone());
        Side::new(name, move |_: Duration| {
            let (app, pool, last) = (Arc::clone(&app), pool.clone(), last.clone());
            async move {
                // The other one has nothing to do meanwhile.
                for other in ["welcome", "account_summaries"].iter().filter(|other| **other != consumer) {
                    app.consumer(*other).reset_with_effects(Start::End).await?;
                }
                app.consumer(consumer).reset_with_effects(Start::Beginning).await?;
                sqlx::raw_sql("TRUNCATE ours.sagas, ours.saga_log, ours.saga_messages")
                    .execute(&pool)
                    .await?;
                let stop = CancellationToken::new();
                let (before, began) = (Cpu::now(), Instant::now());
                let running = tokio::spawn({
                    let (app, stop) = (Arc::clone(&app), stop.clone());
                    async move { app.run(stop).await }
                });
                // The last one is found by its key: to count them while they are written costs as much as to
                // write them.
                let is_there = format!("SELECT EXISTS (SELECT FROM {table} WHERE {key})");
                loop {
                    let is_there = sqlx::query_scalar(sqlx::AssertSqlSafe(is_there.clone())).bind(&last);
                    if is_there.fetch_one(&pool).await? {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                let sample = Sample::rate(INSTANCES, began.elapsed()).cpu(&before, &Cpu::now());
                let count = format!("SELECT count(*) FROM {table}");
                let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&pool).await?;
                super::check(found, INSTANCES)?;
                stop.cancel();
                running.await??;
                Ok(sample)
            }
        })
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", "welcome", "ours.sagas", "saga = 'welcome' AND id = $1"),
            side("read model", "account_summaries", "ours.account_summaries", "account = $1::uuid"),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}
