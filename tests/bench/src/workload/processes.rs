//! Two processes on one database.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;
use crate::driver::{Mix, drive};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::ours::Ours;
use crate::workload::Context;

/// Sixty-four writers in two processes beside as many in one. Both sides run in processes of their own, so that starting costs neither of them.
pub(crate) async fn two_processes(context: Context) -> Result<Workload> {
    Ours::create(&context).await?.app.close().await;
    let side = |name, processes: usize| {
        let context = context.clone();
        Side::new(name, move |duration| run(context.clone(), processes, 64 / processes, duration))
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![side("two processes", 2), side("one process", 1)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}

async fn run(context: Context, processes: usize, writers: usize, duration: Duration) -> Result<Sample> {
    let mut children = Vec::new();
    for _ in 0..processes {
        children.push(start(&context, writers, duration).await?);
    }
    // All are connected: now they may begin.
    for child in &mut children {
        child.stdin.take().ok_or("no input")?.write_all(b"go\n").await?;
    }
    let mut total: Option<Sample> = None;
    for mut child in children {
        let mut text = String::new();
        child.stdout.take().ok_or("no output")?.read_to_string(&mut text).await?;
        if !child.wait().await?.success() {
            return Err("a process of the workload failed".into());
        }
        let sample: Sample = serde_json::from_str(&text)?;
        total = Some(match total {
            None => sample,
            Some(sum) => Sample {
                value: sum.value + sample.value,
                operations: sum.operations + sample.operations,
                client: sum.client.zip(sample.client).map(|(one, other)| one + other),
                // Each has looked at the whole server.
                server: sum.server.max(sample.server),
            },
        });
    }
    total.ok_or_else(|| "no process ran".into())
}

/// Starts a process and waits until it says that it is ready.
async fn start(context: &Context, writers: usize, duration: Duration) -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--child", &writers.to_string(), "--seconds", &duration.as_secs_f64().to_string()])
        .env("DATABASE_URL", &context.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let ready = BufReader::new(child.stderr.take().ok_or("no error output")?).lines().next_line().await?;
    if ready.as_deref() != Some("ready") {
        return Err(format!("a process of the workload did not start: {}", ready.unwrap_or_default()).into());
    }
    Ok(child)
}

/// What such a process does.
pub(crate) async fn child(context: &Context, writers: usize, duration: Duration) -> Result<()> {
    let ours = Arc::new(Ours::connect(context).await?);
    eprintln!("ready");
    let mut go = String::new();
    BufReader::new(tokio::io::stdin()).read_line(&mut go).await?;
    let sample = drive(&ours, Mix::HalfNew, writers, duration).await?;
    println!("{}", serde_json::to_string(&sample)?);
    ours.app.close().await;
    Ok(())
}
