//! The fulfilment of orders: what a shop asks of its inventory, its payment provider and its carrier, over processes that fail.
#![expect(missing_docs, reason = "the names say it, as in an application")]

mod application;
pub mod choreography;
mod fulfilment;
mod order;
mod payment;
pub mod services;

pub use self::application::{Options, reactor_catalog, saga_catalog, with_reactors, with_saga};
pub use self::fulfilment::Fulfilment;
pub use self::order::{
    CancelOrder, FulfilledBy, Order, OrderCancelled, OrderError, OrderEvent, OrderId, OrderPlaced,
    OrderShipped, PlaceOrder, ShipOrder,
};
pub use self::payment::{
    Bank, Payment, PaymentEvent, PaymentSettled, PaymentTaken, RecordPayment, SettlePayment,
};
