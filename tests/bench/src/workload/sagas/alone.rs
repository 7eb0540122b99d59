//! One saga of three steps at a time, from its start to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kenning::saga::SagaOptions;
use kenning::store::SagaStatus;
use kenning::{Kenning, PostgresStore};
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::delivery::{Delivery, STATE};
use super::{Running, application};
use crate::cpu::Cpu;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload, median};
use crate::rival::{self, Rival};
use crate::workload::Context;
use crate::{Result, floor};

/// How many are run one after the other for each second of a round.
const EACH_SECOND: f64 = 50.0;

fn count(duration: Duration) -> u32 {
    (EACH_SECOND * duration.as_secs_f64()).max(30.0) as u32
}

/// The median time, beside five commits by hand, and the crate `dbos`.
pub(crate) async fn alone(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let (store, app) = application(&context, SagaOptions::new()).await?;
    // The process runs on: an idle one is no part of a start.
    let running = Arc::new(Mutex::new((Running::start(&app), store)));
    let ours = move |duration: Duration| {
        let (app, running) = (app.clone(), Arc::clone(&running));
        async move {
            let _running: tokio::sync::MutexGuard<'_, (Running, PostgresStore)> = running.lock().await;
            timed(count(duration), || one(&app)).await
        }
    };
    let commits = move |duration: Duration| {
        let pool = pool.clone();
        async move { timed(count(duration), || five_commits(&pool)).await }
    };
    let dbos = Rival::start("dbos", &context.url)?;
    let round = |duration| format!("alone {}", count(duration));
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![
            Side::new("ours", ours),
            Side::new("five commits", commits),
            rival::side("dbos", dbos, Unit::Milliseconds, round),
        ],
        comparisons: vec![
            Comparison::new(0, 1, Target::AtMost(2.0)),
            Comparison::new(0, 2, Target::AtMost(1.0)),
        ],
    })
}

async fn timed<F: Future<Output = Result<()>>>(count: u32, mut one: impl FnMut() -> F) -> Result<Sample> {
    let before = Cpu::now();
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        one().await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Sample::time(median(times.into_iter()), count.into()).cpu(&before, &Cpu::now()))
}

/// Starts an instance and waits for its end.
pub(super) async fn one(app: &Kenning) -> Result<()> {
    match app.start(Delivery::new()).run_to_end().await? {
        SagaStatus::Completed => Ok(()),
        other => Err(format!("an instance has ended {other}").into()),
    }
}

/// What the least engine would commit: the start, an outcome of each step with the intent of the
/// next, the end.
async fn five_commits(pool: &PgPool) -> Result<()> {
    let instance = Uuid::now_v7();
    sqlx::query("INSERT INTO floor.sagas (instance, state, status) VALUES ($1, $2::json, 'running')")
        .bind(instance)
        .bind(STATE)
        .execute(pool)
        .await?;
    for sequence in 0..4_i32 {
        sqlx::query("INSERT INTO floor.saga_log (instance, sequence, entry, step, output) VALUES ($1, $2, 'done', 'ship', '\"none\"')")
            .bind(instance)
            .bind(sequence)
            .execute(pool)
            .await?;
    }
    Ok(())
}
