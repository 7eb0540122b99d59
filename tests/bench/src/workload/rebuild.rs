//! The memory that a rebuild takes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use kenning::{ConsumerOptions, Kenning, PostgresStore};
use tokio::process::Command;

use crate::Result;
use crate::domain::AccountSummary;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::catch_up::{Locality, filled};
use crate::workload::{CONNECTIONS, Context};

/// What the process of a rebuild has in memory at the most, in MiB: of a million events beside a tenth of them. If it is bounded, it is about the same.
pub(crate) async fn memory(context: Context) -> Result<Workload> {
    let side = |name, accounts: u64| {
        let context = context.clone();
        Side::new(name, move |_| {
            let context = context.clone();
            async move {
                let (_, store) = filled(&context, accounts, Locality::None).await?;
                kenning::store::EventStore::close(&store).await;
                peak(&context, accounts * 10).await
            }
        })
    };
    Ok(Workload {
        unit: Unit::Mebibytes,
        sides: vec![side("a million events", 100_000), side("a tenth", 10_000)],
        comparisons: vec![Comparison::new(0, 1, Target::AtMost(1.5))],
    })
}

/// Runs it in a process of its own, whose peak is its own.
async fn peak(context: &Context, events: u64) -> Result<Sample> {
    let began = Instant::now();
    let output = Command::new(std::env::current_exe()?)
        .arg("--rebuild")
        .env("DATABASE_URL", &context.url)
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        return Err("the process of the rebuild failed".into());
    }
    let mebibytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let rate = events as f64 / began.elapsed().as_secs_f64();
    eprintln!("  {events} events, {rate:.0} a second");
    Ok(Sample::time(mebibytes, events))
}

/// What such a process does: it builds the read model, and prints what it had in memory at the most.
pub(crate) async fn child(context: &Context) -> Result<()> {
    let store =
        PostgresStore::options().schema("ours").max_connections(CONNECTIONS).connect(&context.url).await?;
    let options = ConsumerOptions::new();
    let app = Kenning::builder(store).read_model_with::<AccountSummary>(options).build().await?;
    let patience = Duration::from_secs(600);
    tokio::time::timeout(patience, app.run_until_idle()).await??;
    app.close().await;
    println!("{}", high_water().ok_or("the system does not say how much memory was used")?);
    Ok(())
}

/// `VmHWM` of this process, in MiB.
fn high_water() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}
