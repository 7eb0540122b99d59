//! `fulfilment run`: places orders and drives them to their ends.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fulfilment::choreography::Calls;
use fulfilment::services::{BadAddress, Client, Services};
use fulfilment::{FulfilledBy, Options, OrderId, PlaceOrder};
use futures_util::{StreamExt, TryStreamExt, stream};
use kenning::{CancellationToken, Kenning};
use tokio::signal::ctrl_c;

use crate::Failure;
use crate::amounts::Amounts;
use crate::by_reactors::Followed;
use crate::by_saga::{self, patiently};
use crate::place::place;
use crate::store::Store;
use crate::summary::Summary;

const HELP: &str = "\
The orders are `order-1` to `order-N`. Those that an earlier run or another process has placed are not placed again, and
whatever is not at its end is driven on, together with every other process that runs this on the same database: a process
that is killed is replaced within its lease. An order that was placed for a saga stays with it, and so does one that was
placed with --choreography: use a database for each.

An amount follows from the number of the order. With --file it is that of the file's first order, of its second, and so on,
from the beginning again when the file is at its end; the file is one of the example `orders`.

This ends when all orders are at their end. With --json, the last line of stdout is one object: orders, completed,
compensated, parked, running, steps (done and undone; with --choreography, events), retries, both of all processes, as far
as the store knows them, and seconds. Exit codes: 0, also when orders are parked; 2 and 130 as above.";

/// Places orders and drives them to their ends.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Where the orders are: the URL of a PostgreSQL database, or `memory`
    #[arg(long, value_name = "URL", value_parser = Store::parse)]
    store: Store,
    /// Where `fulfilment services` listens
    #[arg(long, value_name = "http://…", value_parser = client)]
    services: Client,
    /// How many orders
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    orders: u64,
    /// Take the amounts from a CSV file of orders
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// How many orders are worked on at a time
    #[arg(long, value_name = "N", default_value = "64", value_parser = concurrency)]
    concurrency: NonZeroUsize,
    /// Fulfil them by reactors that follow each other's events, in place of a saga
    #[arg(long)]
    choreography: bool,
    /// How long a process that does not stir keeps its work from the others, as in `15s` or `500ms`
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration)]
    lease: Duration,
    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
}

/// How the orders come to their ends.
enum Way {
    Saga,
    Reactors { calls: Calls, followed: Box<Followed> },
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let amounts = Amounts::read(args.file.as_deref(), args.orders)?;
    let begun = Instant::now();
    let options = Options { concurrency: args.concurrency.get(), lease: args.lease };
    let services = Services::There(args.services);
    let (app, mut way) = if args.choreography {
        let calls = Calls::to(services);
        let app = args.store.with_reactors(calls.clone(), options).await?;
        let followed = Box::new(Followed::new(&app, args.orders));
        (app, Way::Reactors { calls, followed })
    } else {
        (args.store.with_saga(services, options).await?, Way::Saga)
    };

    let stop = CancellationToken::new();
    let mut running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let interrupted = tokio::select! {
        driven = drive(&app, &mut way, args.orders, args.concurrency.get(), &amounts) => {
            driven?;
            false
        }
        asked = ctrl_c() => {
            asked?;
            true
        }
        ended = &mut running => {
            ended??;
            return Err("the application has stopped by itself".into());
        }
    };
    let seconds = begun.elapsed();
    stop.cancel();
    running.await??;

    let (ends, work) = match &way {
        Way::Saga => {
            let ends = patiently(async || by_saga::ends(&app, args.orders).await).await?;
            (ends, patiently(async || by_saga::work(&app, args.orders).await).await?)
        }
        Way::Reactors { calls, followed } => (followed.ends(), followed.work(calls.retries())),
    };
    app.close().await;
    let running = args.orders.saturating_sub(ends.all());
    let summary = Summary { orders: args.orders, ends, running, work, seconds };
    let mut stdout = io::stdout();
    if args.json {
        writeln!(stdout, "{}", serde_json::to_string(&summary)?)?;
    } else {
        writeln!(stdout, "{}", summary.table())?;
    }
    if interrupted {
        eprintln!("fulfilment: interrupted; the same command goes on");
        return Ok(ExitCode::from(130));
    }
    Ok(ExitCode::SUCCESS)
}

async fn drive(
    app: &Kenning,
    way: &mut Way,
    orders: u64,
    concurrency: usize,
    amounts: &Amounts,
) -> Result<(), Failure> {
    let fulfilled_by = match way {
        Way::Saga => FulfilledBy::Saga,
        Way::Reactors { .. } => FulfilledBy::Reactors,
    };
    stream::iter(1..=orders)
        .map(|number| async move {
            let order_id = OrderId::numbered(number);
            place(app, &PlaceOrder { order_id, amount: amounts.of(number), fulfilled_by }).await
        })
        .buffer_unordered(concurrency)
        .try_collect::<()>()
        .await?;
    match way {
        Way::Saga => by_saga::wait(app, orders).await,
        Way::Reactors { followed, .. } => followed.wait(app).await,
    }
}

fn client(text: &str) -> Result<Client, BadAddress> {
    Client::new(text)
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 4_096);
    number.ok_or_else(|| "write a number from 1 to 4096".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    let duration = number.zip(milliseconds).and_then(|(number, unit)| number.checked_mul(unit));
    let duration = duration.map(Duration::from_millis);
    let fits =
        |duration: &Duration| (Duration::from_millis(100)..=Duration::from_secs(3_600)).contains(duration);
    duration.filter(fits).ok_or_else(|| "write a time from `100ms` to `60m`, as in `15s`".to_owned())
}
