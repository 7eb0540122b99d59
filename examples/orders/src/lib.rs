//! The orders of a shop: an aggregate with its events and commands, two read models of them, and the CSV file from which the program beside it fills them.
#![expect(missing_docs, reason = "the names say it, as in an application")]

mod customer_totals;
mod line;
mod order;
mod order_summary;
mod orders_file;

pub use self::customer_totals::CustomerTotals;
pub use self::line::Problem;
pub use self::order::{
    CancelOrder, Cents, CustomerId, LineItem, Order, OrderCancelled, OrderError, OrderEvent, OrderId,
    OrderPlaced, OrderPlacedV1, OrderShipped, PlaceOrder, ProductId, ShipOrder, Status,
};
pub use self::order_summary::OrderSummary;
pub use self::orders_file::{Entry, FileError, FileOrder, OrdersFile};
