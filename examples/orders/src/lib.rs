//! The orders of a shop: an aggregate with its events and commands. The program beside it fills it from a CSV file.
#![expect(missing_docs, reason = "the names say it, as in an application")]

mod order;

pub use self::order::{
    CancelOrder, Cents, CustomerId, LineItem, Order, OrderCancelled, OrderError, OrderEvent, OrderId,
    OrderPlaced, OrderPlacedV1, OrderShipped, PlaceOrder, ProductId, ShipOrder, Status,
};
