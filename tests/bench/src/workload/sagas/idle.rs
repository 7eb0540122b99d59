//! What instances cost that wait.

use std::process::Stdio;
use std::time::Duration;

use kenning::CancellationToken;
use kenning::saga::SagaOptions;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{application, fill, reopened};
use crate::Result;
use crate::cpu::Cpu;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::Context;

/// CPU time of a worker in a second, in milliseconds: with a hundred thousand instances that wait for their time, less the same without any. Two hundredths of a core are 20.
pub(crate) async fn idle(context: Context) -> Result<Workload> {
    let side = |name, waiting: u64| {
        let context = context.clone();
        Side::new(name, move |duration: Duration| {
            let context = context.clone();
            async move {
                let (store, app) = application(&context, SagaOptions::new()).await?;
                let pool = context.pool().await?;
                fill(&store, &pool, waiting).await?;
                let wait = "UPDATE ours.sagas SET status = 'waiting', due_at = now() + interval '1 day' + random() * interval '1 day'";
                sqlx::raw_sql(wait).execute(&pool).await?;
                sqlx::raw_sql("VACUUM ANALYZE ours.sagas").execute(&pool).await?;
                pool.close().await;
                app.close().await;
                worker(&context, duration.max(Duration::from_secs(5))).await
            }
        })
    };
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![side("100,000 that wait", 100_000), side("none", 0)],
        comparisons: vec![Comparison::new(0, 1, Target::Within(20.0))],
    })
}

/// What a process of its own uses.
async fn worker(context: &Context, duration: Duration) -> Result<Sample> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--idle", "--seconds", &duration.as_secs_f64().to_string()])
        .env("DATABASE_URL", &context.url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or("the worker has no output")?;
    let line = BufReader::new(output).lines().next_line().await?.ok_or("the worker has said nothing")?;
    if !child.wait().await?.success() {
        return Err("the worker has failed".into());
    }
    let used: f64 = line.trim().parse()?;
    Ok(Sample::time(used, 1))
}

/// What such a process does.
pub(crate) async fn child(context: &Context, duration: Duration) -> Result<()> {
    let (_, app) = reopened(context, SagaOptions::new(), Duration::from_secs(15)).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = Cpu::now();
    tokio::time::sleep(duration).await;
    let used = Cpu::now().since(&before).client.ok_or("the system does not say what was used")?;
    stop.cancel();
    running.await??;
    println!("{}", used.as_secs_f64() * 1e3 / duration.as_secs_f64());
    Ok(())
}
