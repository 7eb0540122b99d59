//! What each customer has ordered: rows that are told by what the event says, not by its stream.

use kenning::prelude::*;

use crate::order::{CustomerId, OrderCancelled, OrderEvent, OrderPlaced, OrderShipped};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "customer_totals", version = 1, events = OrderEvent)]
pub struct CustomerTotals {
    #[kenning(key)]
    pub customer_id: CustomerId,
    /// How many orders were placed.
    pub orders: i64,
    /// What they cost together, in cents; more than 64 bits hold, as nothing bounds it.
    #[kenning(index)]
    pub total_cents: i128,
    pub last_order_at: OffsetDateTime,
}

#[read_model(ignore(OrderShipped, OrderCancelled))]
impl CustomerTotals {
    /// The customer's first order makes the row, each further one adds to it.
    #[on(key = event.customer_id)]
    fn placed(row: Option<Self>, event: &OrderPlaced) -> Self {
        let mut totals = row.unwrap_or(Self {
            customer_id: event.customer_id,
            orders: 0,
            total_cents: 0,
            last_order_at: event.placed_at,
        });
        totals.orders += 1;
        totals.total_cents += i128::from(event.total.0);
        totals.last_order_at = totals.last_order_at.max(event.placed_at);
        totals
    }
}
