//! The orders of a shop: an aggregate with its events and commands, and two read models of them. The program beside it fills it from a CSV file.
#![expect(missing_docs, reason = "the names say it, as in an application")]

mod customer_totals;
mod order;
mod order_summary;

pub use self::customer_totals::CustomerTotals;
pub use self::order::{
    CancelOrder, Cents, CustomerId, LineItem, Order, OrderCancelled, OrderError, OrderEvent, OrderId,
    OrderPlaced, OrderPlacedV1, OrderShipped, PlaceOrder, ProductId, ShipOrder, Status,
};
pub use self::order_summary::OrderSummary;
