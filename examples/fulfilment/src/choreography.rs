//! The fulfilment of an order without an orchestrator: inventory, payments, shipping and the shop itself follow each other's events. Nobody knows the whole; each knows what it answers to.
//!
//! ```text
//! order.placed ─ inventory ─ inventory.reserved ─ payments ─ payment.processed ─ shipping ─ shipment.dispatched ─ shop ─ order.shipped
//!                    │                                │                              │
//!       inventory.reservation_failed            payment.failed                shipment.failed
//!                    │                                │                              │
//!                    │                          inventory: release            payments: refund
//!                    │                                │                              │
//!                    └─ shop ─ order.cancelled   inventory.released ─ shop    payment.refunded ─ inventory: release ─ …
//! ```

mod calls;
mod events;
mod inventory;
mod payments;
mod shipping;
mod shop;

pub use self::calls::Calls;
pub use self::events::{
    FulfilmentEvent, InventoryReleased, InventoryReservationFailed, InventoryReserved, PaymentFailed,
    PaymentProcessed, PaymentRefunded, ShipmentDispatched, ShipmentFailed,
};
pub use self::inventory::Inventory;
pub use self::payments::Payments;
pub use self::shipping::Shipping;
pub use self::shop::Shop;
