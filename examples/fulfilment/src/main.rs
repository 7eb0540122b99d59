//! The services of the example as a program.

mod serve;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Fulfils orders over services that fail.
#[derive(Parser)]
#[command(name = "fulfilment")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Services(serve::Args),
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Services(args) => serve::run(args).await,
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            complain(&*failure);
            ExitCode::from(2)
        }
    }
}

/// Tells an error with all its causes.
fn complain(error: &(dyn Error + 'static)) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    eprintln!("fulfilment: {text}");
}
