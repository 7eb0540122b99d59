//! Places the orders of a CSV file: the aggregate is in `order.rs`, the rest is what a real import needs around it.

mod console;
mod import;
mod summary;
mod views;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use kenning::store::ConsumerStore;
use kenning::{CancellationToken, Kenning, MemoryStore};

use crate::console::Console;
use crate::import::{End, import};
use crate::summary::Summary;
use orders::{CustomerId, CustomerTotals, Order, OrderSummary, OrdersFile};

/// The file that is read when none is named.
const SAMPLE: &[u8] = include_bytes!("../data/orders.csv");

const HELP: &str = "\
The file is CSV with the header order_id,customer_id,placed_at,product_id,quantity,amount; amount is what the whole line
costs, in dollars. The lines of an order stand together. Lines of quantity 0 are dropped. A malformed line is reported and
its order skipped. An order placed by an earlier run stays as it is, so an import that was cut short is simply run again.

With --json, stdout has one object and nothing else: orders, lines (read, the malformed ones too), placed, already_placed (by
an earlier run), rejected (also what contradicts an earlier run), malformed and lines_dropped (lines), events (stored by this
run), total_cents (of the file's orders that are placed, by this run or an earlier one), seconds (of the import). With
--top it also has top, a list of customer_id, orders and total_cents; with --customer it has newest, a list of orders.

The read models follow the import. --top and --customer are asked when they have seen all of it, what was placed by
earlier runs included.

Exit codes:
  0    every line was read, and every order is placed or was rejected by the shop's rules
  1    the import went through, but a line was malformed, an order contradicts an earlier run or cannot be stored
  2    the import could not start or go on: the command line, the file or the store; what it had placed stays placed
  130  interrupted by Ctrl-C; the orders sent by then are placed";

/// Places the orders of a CSV file.
#[derive(Parser)]
#[command(name = "orders", after_help = HELP)]
struct Args {
    /// The file to read [default: a small one of the example's own]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Where the events go: `memory`, or the URL of a PostgreSQL database
    #[arg(long, value_name = "memory|postgres://…", default_value = "memory", value_parser = store)]
    store: Store,
    /// How many orders are on their way at a time
    #[arg(long, value_name = "N", default_value = "64", value_parser = concurrency)]
    concurrency: NonZeroUsize,
    /// Print the N customers who spent most
    #[arg(long, value_name = "N")]
    top: Option<NonZeroU64>,
    /// Print the last 50 orders of a customer, newest first
    #[arg(long, value_name = "ID")]
    customer: Option<i64>,
    /// Build the read models anew, while the old ones go on answering
    #[arg(long)]
    rebuild: bool,
    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
}

#[derive(Clone)]
enum Store {
    Memory,
    #[cfg(feature = "postgres")]
    Postgres(String),
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            complain(&*failure);
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (bytes, input) = open(args.file.as_deref())?;
    let file = OrdersFile::open(input)?;
    let app = connect(args.store).await?;

    // The read models follow while the orders come in, and a rebuild needs somebody who does it.
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let console = Console::new(bytes);
    let mut summary = Summary::default();
    let start = Instant::now();
    let end = import(&app, file, args.concurrency.get(), |step, bytes| {
        summary.add(step);
        console.report(step, bytes);
    })
    .await?;
    summary.seconds = start.elapsed();
    console.finish();
    if args.rebuild {
        views::rebuild(&app).await?;
    }
    stop.cancel();
    following.await??;
    app.run_until_idle().await?;
    if let Some(customers) = args.top {
        summary.top = Some(views::top(&app, customers).await?);
    }
    if let Some(customer) = args.customer {
        summary.newest = Some(views::newest(&app, CustomerId(customer)).await?);
    }
    app.close().await;

    let mut stdout = io::stdout();
    if args.json {
        writeln!(stdout, "{}", serde_json::to_string(&summary)?)?;
    } else {
        writeln!(stdout, "{}", summary.table())?;
        if let Some(top) = &summary.top {
            writeln!(stdout, "{}", views::spenders(top))?;
        }
        if let Some(newest) = &summary.newest {
            writeln!(stdout, "{}", views::orders(newest)?)?;
        }
    }
    Ok(match end {
        End::Complete if summary.is_clean() => ExitCode::SUCCESS,
        End::Complete => ExitCode::from(1),
        End::File(error) => {
            complain(&error);
            ExitCode::from(2)
        }
        End::Store(error) => {
            complain(&*error);
            ExitCode::from(2)
        }
        End::Interrupted => {
            eprintln!("orders: interrupted; run it again to place the rest");
            ExitCode::from(130)
        }
    })
}

/// Opens the file and tells its size, where it has one.
fn open(path: Option<&Path>) -> Result<(Option<u64>, Box<dyn BufRead + Send>), Failure> {
    let Some(path) = path else {
        return Ok((Some(SAMPLE.len() as u64), Box::new(SAMPLE)));
    };
    let named = |error: io::Error| format!("{} cannot be read: {error}", path.display());
    let file = File::open(path).map_err(named)?;
    let metadata = file.metadata().map_err(named)?;
    let bytes = metadata.is_file().then_some(metadata.len());
    Ok((bytes, Box::new(BufReader::with_capacity(1 << 16, file))))
}

async fn connect(store: Store) -> Result<Kenning, Failure> {
    match store {
        Store::Memory => application(MemoryStore::new()).await,
        #[cfg(feature = "postgres")]
        Store::Postgres(url) => application(kenning::PostgresStore::connect(&url).await?).await,
    }
}

async fn application(store: impl ConsumerStore) -> Result<Kenning, Failure> {
    let builder = Kenning::builder(store).aggregate::<Order>();
    Ok(builder.read_model::<OrderSummary>().read_model::<CustomerTotals>().build().await?)
}

fn store(text: &str) -> Result<Store, String> {
    match text.split_once("://") {
        None if text == "memory" => Ok(Store::Memory),
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => Ok(Store::Postgres(text.to_owned())),
        #[cfg(not(feature = "postgres"))]
        Some(("postgres" | "postgresql", _)) => {
            Err("this build has no PostgreSQL: add `--features postgres`".to_owned())
        }
        _ => {
            Err("write `memory` or the URL of a PostgreSQL database, `postgres://user@host/database`"
                .to_owned())
        }
    }
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 4_096);
    number.ok_or_else(|| "write a number from 1 to 4096".to_owned())
}

/// Tells an error with all its causes, those left out that it has told itself.
fn complain(error: &(dyn Error + 'static)) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    eprintln!("orders: {text}");
}
