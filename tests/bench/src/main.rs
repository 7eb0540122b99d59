//! Workloads of kenning beside their hand-written floors. `tests/bench/run` starts a server and runs this; `README.md` says what each row means.

mod cli;
mod cpu;
mod domain;
mod driver;
mod floor;
mod measure;
mod ours;
mod report;
mod rival;
mod workload;

/// What goes wrong ends the run: a benchmark that went on after an error would print a figure of something else.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> Result<()> {
    cli::main()
}
