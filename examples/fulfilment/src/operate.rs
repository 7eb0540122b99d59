//! `fulfilment list`, `show`, `retry` and `cancel`: orders as an operator sees them. Nothing here runs anything: what is asked for is done by the processes that do.

mod reactors;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::Table;
use fulfilment::services::{Faults, Ledger, Services, World};
use fulfilment::{Fulfilment, Options};
use kenning::saga::{SagaError, SagaHandle, Sagas};
use kenning::store::{SagaRecord, SagaWhole};
use kenning::{Kenning, Saga};
use time::OffsetDateTime;
use time::macros::format_description;

use self::reactors::ByReactors;
use crate::Failure;
use crate::history::happened;
use crate::place::number;
use crate::store::Store;
use crate::table::{right, table};

/// How many are read at once.
const PAGE: u32 = 1_000;

/// Which orders are looked at.
#[derive(clap::Args)]
pub(crate) struct Orders {
    /// Where the orders are: the URL of a PostgreSQL database
    #[arg(long, value_name = "URL", value_parser = Store::parse)]
    store: Store,
}

/// Which order is meant.
#[derive(clap::Args)]
pub(crate) struct OneOrder {
    /// The order, as in `order-7`
    #[arg(value_name = "ID")]
    order_id: String,
    #[command(flatten)]
    orders: Orders,
}

pub(crate) async fn list(args: Orders) -> Result<ExitCode, Failure> {
    let app = args.open().await?;
    let mut orders = Vec::new();
    let mut query = of_orders(&app);
    loop {
        let page = query.list().await?;
        let last = page.last().filter(|_| page.len() == PAGE as usize).cloned();
        orders.extend(page);
        let Some(last) = last else { break };
        query = of_orders(&app).after(&last);
    }
    let mut rows = orders.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    rows.extend(ByReactors::read(&app).await?.rows()?);
    rows.sort_by_key(|[order_id, ..]| number(order_id).unwrap_or(u64::MAX));
    writeln!(io::stdout(), "{}", listed(rows))?;
    app.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn show(args: OneOrder) -> Result<ExitCode, Failure> {
    let app = args.orders.open().await?;
    let Some(whole) = handle(&app, &args.order_id).show().await? else {
        let orders = of_reactors(&app, &args.order_id).await?;
        writeln!(io::stdout(), "{}", orders.history(&args.order_id)?)?;
        app.close().await;
        return Ok(ExitCode::SUCCESS);
    };
    let SagaWhole { record, log, messages } = &whole;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", listed([row(record)?]))?;
    let mut table = table(["", "at", "step", "what happened", "attempt", "with"]);
    for entry in log {
        let (step, what, with) = happened(&entry.entry);
        let attempt = Some(entry.entry.attempt).filter(|&attempt| attempt > 0);
        table.add_row([
            entry.sequence.to_string(),
            timed(entry.at)?,
            step,
            what,
            attempt.map(|attempt| attempt.to_string()).unwrap_or_default(),
            with,
        ]);
    }
    right(&mut table, [0, 4]);
    writeln!(stdout, "{table}")?;
    let seen = usize::try_from(record.messages_seen)?;
    for message in messages.iter().skip(seen) {
        writeln!(stdout, "left for it and not seen yet: {}", message.kind.as_str())?;
    }
    app.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn retry(args: OneOrder) -> Result<ExitCode, Failure> {
    let app = args.orders.open().await?;
    match handle(&app, &args.order_id).retry().await {
        Err(SagaError::NotFound { .. }) => {
            for parked in of_reactors(&app, &args.order_id).await?.parked(&args.order_id) {
                app.parked().retry(parked).await?;
            }
        }
        asked => asked?,
    }
    app.close().await;
    asked(&args.order_id, "tried again where it stopped, if it is parked")
}

pub(crate) async fn cancel(args: OneOrder) -> Result<ExitCode, Failure> {
    let app = args.orders.open().await?;
    match handle(&app, &args.order_id).cancel("an operator has cancelled it").await {
        Err(SagaError::NotFound { .. }) => {
            of_reactors(&app, &args.order_id).await?;
            let why = "no one of these has the whole in view, and so none can cancel it";
            return Err(format!("`{}` is fulfilled by reactors: {why}", args.order_id).into());
        }
        asked => asked?,
    }
    app.close().await;
    asked(&args.order_id, "undone, unless it is shipped")
}

fn asked(order_id: &str, what: &str) -> Result<ExitCode, Failure> {
    let who = "whoever runs `fulfilment run` sees to it, and `fulfilment show` tells what came of it";
    writeln!(io::stdout(), "{order_id} is to be {what}: {who}")?;
    Ok(ExitCode::SUCCESS)
}

impl Orders {
    async fn open(&self) -> Result<Kenning, Failure> {
        // An application knows the services of its sagas. This one runs none, so that nobody is called.
        let nobody = Services::Here(Arc::new(World::new(Ledger::in_memory(), Faults::default())));
        let options = Options { concurrency: 1, lease: Duration::from_secs(15) };
        self.store.with_saga(nobody, options).await
    }
}

fn of_orders(app: &Kenning) -> Sagas {
    app.sagas().of::<Fulfilment>().limit(PAGE)
}

fn handle(app: &Kenning, order_id: &str) -> SagaHandle {
    app.sagas().instance(Fulfilment::NAME, order_id)
}

/// The orders that reactors fulfil, of which this has to be one.
async fn of_reactors(app: &Kenning, order_id: &str) -> Result<ByReactors, Failure> {
    let orders = ByReactors::read(app).await?;
    if orders.has(order_id) {
        return Ok(orders);
    }
    Err(format!("there is no order `{order_id}`: `fulfilment list` has those there are").into())
}

fn row(order: &SagaRecord) -> Result<[String; 5], Failure> {
    Ok([
        order.id.to_string(),
        order.status.as_str().to_owned(),
        order.step.as_deref().unwrap_or_default().to_owned(),
        timed(order.updated_at)?,
        order.reason.clone().unwrap_or_default(),
    ])
}

fn listed(rows: impl IntoIterator<Item = [String; 5]>) -> Table {
    let mut table = table(["order", "state", "step", "since", "why"]);
    table.add_rows(rows);
    table
}

fn timed(at: OffsetDateTime) -> Result<String, Failure> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");
    Ok(at.format(&format)?)
}
