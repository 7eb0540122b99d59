//! Orders fulfilled by a saga: `fulfilment.rs` is the saga, the rest is what it takes to see it work over processes that fail.

mod amounts;
mod by_reactors;
mod by_saga;
mod complain;
mod history;
mod operate;
mod place;
mod run;
mod sample;
mod serve;
mod store;
mod summary;
mod table;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

const HELP: &str = "\
Without a command, 20 orders are fulfilled in memory, with services in this process that refuse some of them, and what
happened to each is printed. The diagrams of what the program declares go into a file, as Mermaid in Markdown.

Exit codes:
  0    it is done
  2    it could not start or go on: the command line, a file, the store
  130  interrupted by Ctrl-C; the same command goes on where this one stopped";

/// Fulfils orders over services that fail.
#[derive(Parser)]
#[command(name = "fulfilment", after_help = HELP, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where the diagrams go [default: a file in the folder for temporary files]
    #[arg(long, value_name = "FILE")]
    diagram: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Services(serve::Args),
    Run(run::Args),
    /// Lists the orders, and where they are
    List(operate::Orders),
    /// Shows an order with everything that happened to it
    Show(operate::OneOrder),
    /// Has a parked order tried again, where it stopped
    Retry(operate::OneOrder),
    /// Has an order undone that a saga fulfils and that is not shipped yet
    Cancel(operate::OneOrder),
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        None => sample::run(args.diagram).await,
        Some(Command::Services(args)) => serve::run(args).await,
        Some(Command::Run(args)) => run::run(args).await,
        Some(Command::List(args)) => operate::list(args).await,
        Some(Command::Show(args)) => operate::show(args).await,
        Some(Command::Retry(args)) => operate::retry(args).await,
        Some(Command::Cancel(args)) => operate::cancel(args).await,
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            complain::complain(&*failure);
            ExitCode::from(2)
        }
    }
}
