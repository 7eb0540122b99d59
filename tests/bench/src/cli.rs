//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::workload::{self, Context, Size};
use crate::{Result, report};

/// Runs workloads of kenning and their hand-written floors by turns, and prints one table.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only workloads whose name contains this; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How often each side runs.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// For how many seconds each time.
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    seconds: f64,
    /// Writes every line and round to this file as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Runs only the sides whose name contains this, and compares nothing: for a profiler.
    #[arg(long, value_name = "NAME")]
    side: Option<String>,
    /// The workloads `large-…` have 5 million events and 1 million instances, in place of 200,000 and 50,000.
    #[arg(long)]
    large: bool,
    /// Names the workloads and ends.
    #[arg(long)]
    list: bool,
    /// One process of the workload `two-processes`: that many writers for `--seconds`, started by a line on its input.
    #[arg(long, hide = true, value_name = "WRITERS")]
    child: Option<usize>,
    /// The process of the workload `rebuild-memory`.
    #[arg(long, hide = true)]
    rebuild: bool,
    /// The process of the workload `saga-idle`.
    #[arg(long, hide = true)]
    idle: bool,
    /// The database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    url: String,
}

pub(crate) fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let duration = Duration::try_from_secs_f64(arguments.seconds)?;
    if arguments.list {
        workload::ALL.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let size = if arguments.large { Size::LARGE } else { Size::SMALL };
    let context = Context { url: arguments.url, size };
    if let Some(writers) = arguments.child {
        return runtime.block_on(workload::child(&context, writers, duration));
    }
    if arguments.rebuild {
        return runtime.block_on(workload::rebuild_child(&context));
    }
    if arguments.idle {
        return runtime.block_on(workload::idle_child(&context, duration));
    }
    let wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| name.contains(only));
    let mut lines = Vec::new();
    for (name, prepare) in workload::ALL.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("{name}");
        lines.extend(runtime.block_on(async {
            let mut workload = prepare(&context).await?;
            if let Some(side) = &arguments.side {
                workload.keep(side);
            }
            workload.run(name, arguments.rounds, duration).await
        })?);
    }
    if arguments.side.is_some() {
        return Ok(());
    }
    if lines.is_empty() {
        return Err("no workload has such a name: see --list".into());
    }
    report::print(&lines);
    if let Some(path) = &arguments.json {
        report::write(path, &lines)?;
    }
    Ok(())
}
