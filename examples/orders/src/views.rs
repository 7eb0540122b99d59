//! What the read models are asked after an import, and how they are built anew.

use std::num::NonZeroU64;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use kenning::{Kenning, ReadModel};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::Failure;
use crate::console::watched;
use crate::summary::{dollars, grouped};
use orders::{CustomerId, CustomerTotals, OrderSummary};

/// How many orders of a customer are shown.
const NEWEST: u64 = 50;

const BAR: &str = "{prefix}  {bar:40} {human_pos}/{human_len}  {per_sec}  {elapsed}";

/// A customer among those who spent most.
#[derive(Debug, Serialize)]
pub(crate) struct Spender {
    customer_id: CustomerId,
    orders: i64,
    total_cents: i128,
}

/// The customers who spent most: most cents first, the smaller id first on ties.
pub(crate) async fn top(app: &Kenning, customers: NonZeroU64) -> Result<Vec<Spender>, Failure> {
    let rows = app.query::<CustomerTotals>().order_by(CustomerTotals::TOTAL_CENTS.desc());
    let rows = rows.order_by(CustomerTotals::CUSTOMER_ID.asc()).limit(customers.get()).fetch().await?;
    let spender = |CustomerTotals { customer_id, orders, total_cents, .. }| Spender {
        customer_id,
        orders,
        total_cents,
    };
    Ok(rows.into_iter().map(spender).collect())
}

/// A customer's newest orders, newest first.
pub(crate) async fn newest(app: &Kenning, customer: CustomerId) -> Result<Vec<OrderSummary>, Failure> {
    let rows = app.query::<OrderSummary>().filter(OrderSummary::CUSTOMER_ID.eq(customer));
    let rows = rows.order_by(OrderSummary::PLACED_AT.desc()).order_by(OrderSummary::ORDER_ID.desc());
    Ok(rows.limit(NEWEST).fetch().await?)
}

/// Builds both read models anew; the old ones answer until the new ones are ready. Something has to run the consumers meanwhile.
pub(crate) async fn rebuild(app: &Kenning) -> Result<(), Failure> {
    rebuild_one::<OrderSummary>(app).await?;
    rebuild_one::<CustomerTotals>(app).await
}

async fn rebuild_one<M: ReadModel>(app: &Kenning) -> Result<(), Failure> {
    let rebuild = app.rebuild::<M>().await?;
    let bar = ProgressBar::with_draw_target(None, watched()).with_prefix(M::TABLE);
    bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let finished = rebuild.finished();
    tokio::pin!(finished);
    loop {
        tokio::select! {
            done = &mut finished => {
                done?;
                break;
            }
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                let progress = rebuild.progress().await?;
                bar.set_length(progress.of);
                bar.set_position(progress.done);
            }
        }
    }
    bar.finish_and_clear();
    eprintln!("{} is built anew", M::TABLE);
    Ok(())
}

/// The spenders as a table for people.
pub(crate) fn spenders(spenders: &[Spender]) -> Table {
    let mut table = table(["customer", "orders", "spent"]);
    for spender in spenders {
        table.add_row([
            spender.customer_id.to_string(),
            grouped(spender.orders.into()),
            dollars(spender.total_cents),
        ]);
    }
    right(table, [1, 2])
}

/// The orders as a table for people.
pub(crate) fn orders(orders: &[OrderSummary]) -> Result<Table, Failure> {
    let mut table = table(["order", "placed", "items", "total", "status"]);
    for order in orders {
        table.add_row([
            order.order_id.to_string(),
            order.placed_at.format(&Rfc3339)?,
            grouped(order.item_count.into()),
            dollars(order.total.0.into()),
            format!("{:?}", order.status).to_lowercase(),
        ]);
    }
    Ok(right(table, [2, 3]))
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    table
}

fn right<const N: usize>(mut table: Table, columns: [usize; N]) -> Table {
    for column in columns {
        if let Some(numbers) = table.column_mut(column) {
            numbers.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_sound() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
