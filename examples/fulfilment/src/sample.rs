//! 20 orders in memory.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use fulfilment::services::{Faults, Ledger, Services, World};
use fulfilment::{
    FulfilledBy, Fulfilment, Options, OrderId, PlaceOrder, reactor_catalog, saga_catalog, with_saga,
};
use kenning::saga::SagaDescription;
use kenning::{Kenning, MemoryStore, Saga};

use crate::Failure;
use crate::amounts::Amounts;
use crate::history::told;
use crate::place::place;
use crate::table::{dollars, right, table};

const ORDERS: u64 = 20;

/// Who is refused follows from the numbers of the orders, so that this prints the same each time.
const FAIL: &str = "reserve=0.1,charge=0.15,ship=0.2,refund=0.3";

const OPTIONS: Options = Options { concurrency: 64, lease: Duration::from_secs(10) };

pub(crate) async fn run(diagram: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let faults = Faults { fail: FAIL.parse()?, ..Faults::default() };
    let world = Arc::new(World::new(Ledger::in_memory(), faults));
    let app = with_saga(MemoryStore::new(), Services::Here(world), OPTIONS).await?;
    for number in 1..=ORDERS {
        let order = PlaceOrder {
            order_id: OrderId::numbered(number),
            amount: Amounts::Made.of(number),
            fulfilled_by: FulfilledBy::Saga,
        };
        place(&app, &order).await?;
    }
    app.run_until_idle().await?;
    let told = tell(&app).await?;
    app.close().await;

    let path = diagram.unwrap_or_else(|| std::env::temp_dir().join("fulfilment-diagrams.md"));
    fs::write(&path, diagrams()).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{told}")?;
    writeln!(stdout, "The saga and the flow around it as diagrams: {}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// A page of Markdown with the pictures of what this program declares.
fn diagrams() -> String {
    let (saga, reactors) = (saga_catalog(), reactor_catalog());
    let by_reactors = "# Orders fulfilled by reactors";
    format!("# Orders fulfilled by a saga\n\n{}\n{by_reactors}\n\n{}", saga.mermaid(), reactors.mermaid())
}

/// What happened to each order.
async fn tell(app: &Kenning) -> Result<String, Failure> {
    let saga = SagaDescription::of::<Fulfilment>();
    let mut table = table(["order", "amount", "end", "what happened"]);
    let mut reasons = String::new();
    for number in 1..=ORDERS {
        let order_id = OrderId::numbered(number);
        let instance = app.sagas().instance(Fulfilment::NAME, &*order_id.0).show().await?;
        let Some(instance) = instance else { return Err(format!("nothing has begun {order_id}").into()) };
        table.add_row([
            order_id.0.clone(),
            dollars(Amounts::Made.of(number)),
            instance.record.status.as_str().to_owned(),
            told(&saga, &instance.log),
        ]);
        if let Some(reason) = &instance.record.reason {
            reasons += &format!("\n{order_id}: {reason}");
        }
    }
    right(&mut table, [1]);
    Ok(format!("{table}\n{reasons}\n"))
}
