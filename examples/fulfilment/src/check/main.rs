//! Checks what a run of the example has left: only the ledger of the services and the store are read, with nothing of Kenning, so that no defect of it can hide itself.

mod action;
mod ledger;
mod mistake;
mod report;
mod rules;
mod store;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

const HELP: &str = "\
What has to hold:
  every order has an end: it is completed, compensated or parked
  a completed order has one reserve, one charge and one ship, and no undo
  a compensated order has an undo of each effect that it has
  effects come in the order reserve, charge, ship; undos in the order cancel_shipment, refund, release, each after its
  effect and with its amount; no effect comes after an undo
  no action happens twice to an order, under whatever keys; no key has two lines
  every order of the ledger is known to the store

stdout has one object: orders, completed, compensated, parked (of the store), effects, undos (of the ledger) and mistakes, of
which stderr has a line each.

Exit codes:
  0  all of it holds
  1  there are mistakes
  2  the ledger or the store could not be read";

/// Checks the ledger of the services against the ends of the orders.
#[derive(Parser)]
#[command(name = "fulfilment-check", after_help = HELP)]
struct Args {
    /// The database
    #[arg(long, value_name = "postgres://…")]
    store: String,
    /// What the services have recorded
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// The database's schema
    #[arg(long, value_name = "NAME", default_value = "kenning")]
    schema: String,
    /// Take the end of an order from its last event, in place of its saga
    #[arg(long)]
    choreography: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("fulfilment-check: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<bool, Box<dyn Error>> {
    let orders = store::orders(&args.store, &args.schema, args.choreography)
        .await
        .map_err(|error| format!("the store cannot be read: {error}"))?;
    let lines = ledger::read(&args.ledger).map_err(|error| format!("{}: {error}", args.ledger.display()))?;
    let report = rules::check(&lines, &orders);
    for mistake in &report.mistakes {
        eprintln!("{mistake}");
    }
    writeln!(io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(report.mistakes.is_empty())
}
