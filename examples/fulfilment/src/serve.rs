//! `fulfilment services`: the outside world.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use fulfilment::services::{Faults, Ledger, Refusals, Share, World, serve};
use tokio::net::TcpListener;

use crate::Failure;

const HELP: &str = "\
POST /reserve, /release, /charge, /refund, /ship and /cancel_shipment, with the header Idempotency-Key (a UUID) and the body
{\"order_id\": \"order-1\", \"amount\": 100}, and for an undo also \"undoes\", the key of the effect. 200 is an effect, 409 a refusal
for good, 503 a call to be sent again. A key that is sent again is answered as before and has no second effect, also by a
server that was killed and started again with the same ledger. An undo that finds no effect closes the effect's key: a call
that comes late is refused.

The first line on stdout is the address. The ledger has one JSON line for each effect: service, action, key, order_id and
amount. FILE.closed has the keys that were closed without an effect.";

/// Runs inventory, payment and shipping behind HTTP, until it is killed.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where effects are recorded, and read back from
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// Which share of orders is refused for good, by action, as in `ship=0.1,charge=0.05`; always the same orders
    #[arg(long, value_name = "LIST", default_value = "")]
    fail: Refusals,
    /// Which share of calls is answered with 503, before an effect
    #[arg(long, value_name = "SHARE", default_value = "0")]
    flaky: Share,
    /// Which share of answers is lost, after the effect
    #[arg(long, value_name = "SHARE", default_value = "0")]
    lossy: Share,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let ledger = Ledger::open(&args.ledger)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("{} cannot be listened on: {error}", args.listen))?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let faults = Faults { fail: args.fail, flaky: args.flaky, lossy: args.lossy };
    serve(listener, Arc::new(World::new(ledger, faults))).await?;
    Ok(ExitCode::SUCCESS)
}
