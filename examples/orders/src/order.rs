//! The order: placed once, then shipped or cancelled.

mod values;

use kenning::prelude::*;
use time::OffsetDateTime;

pub use self::values::{Cents, CustomerId, LineItem, OrderId, ProductId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", version = 2, from(OrderPlacedV1))]
pub struct OrderPlaced {
    pub customer_id: CustomerId,
    #[serde(with = "time::serde::rfc3339")]
    #[kenning(schema = "rfc3339")]
    pub placed_at: OffsetDateTime,
    pub items: Vec<LineItem>,
    pub total: Cents,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.cancelled")]
pub struct OrderCancelled {
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
    Cancelled(OrderCancelled),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[kenning(category = "order", id = OrderId, events = OrderEvent, snapshot_every = 100)]
pub struct Order {
    status: Status,
    total: Cents,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Status {
    #[default]
    New,
    Placed,
    Shipped,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order, creates)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    pub placed_at: OffsetDateTime,
    pub items: Vec<LineItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct ShipOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct CancelOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub reason: String,
}

/// Why an order turns a command down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error("it has no items")]
    NoItems,
    #[error("its total is too large")]
    TotalTooLarge,
    #[error("it has not been placed")]
    NotPlaced,
    #[error("it is already placed")]
    AlreadyPlaced,
    #[error("it is already shipped")]
    AlreadyShipped,
    #[error("it is cancelled")]
    Cancelled,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: PlaceOrder) -> Result<OrderPlaced, OrderError> {
        if self.status != Status::New {
            return Err(OrderError::AlreadyPlaced);
        }
        if command.items.is_empty() {
            return Err(OrderError::NoItems);
        }
        let PlaceOrder { customer_id, placed_at, items, .. } = command;
        let total = Cents::total(&items).ok_or(OrderError::TotalTooLarge)?;
        Ok(OrderPlaced { customer_id, placed_at, items, total })
    }

    #[command]
    fn ship(&self, command: ShipOrder) -> Result<OrderShipped, OrderError> {
        match self.status {
            Status::Placed => Ok(OrderShipped { tracking_number: command.tracking_number }),
            Status::New => Err(OrderError::NotPlaced),
            Status::Shipped => Err(OrderError::AlreadyShipped),
            Status::Cancelled => Err(OrderError::Cancelled),
        }
    }

    /// Cancelling an order twice is cancelling it once.
    #[command]
    fn cancel(&self, command: CancelOrder) -> Result<Option<OrderCancelled>, OrderError> {
        match self.status {
            Status::Placed => Ok(Some(OrderCancelled { reason: command.reason })),
            Status::Cancelled => Ok(None),
            Status::New => Err(OrderError::NotPlaced),
            Status::Shipped => Err(OrderError::AlreadyShipped),
        }
    }

    #[apply]
    fn placed(&mut self, event: &OrderPlaced) {
        self.status = Status::Placed;
        self.total = event.total;
    }

    #[apply]
    fn shipped(&mut self, _: &OrderShipped) {
        self.status = Status::Shipped;
    }

    #[apply]
    fn cancelled(&mut self, _: &OrderCancelled) {
        self.status = Status::Cancelled;
    }
}

impl Order {
    /// What the customer was asked to pay; 0 before the order is placed.
    pub fn total(&self) -> Cents {
        self.total
    }
}

/// As orders were placed before their total was kept. Stored ones are read for ever: `from(OrderPlacedV1)` above.
#[derive(Deserialize, Schema)]
pub struct OrderPlacedV1 {
    customer_id: CustomerId,
    #[serde(with = "time::serde::rfc3339")]
    #[kenning(schema = "rfc3339")]
    placed_at: OffsetDateTime,
    items: Vec<LineItem>,
}

impl From<OrderPlacedV1> for OrderPlaced {
    fn from(OrderPlacedV1 { customer_id, placed_at, items }: OrderPlacedV1) -> Self {
        // An event has happened and cannot be turned down: what cannot be added up is capped.
        let total = Cents::total(&items).unwrap_or(Cents::MAX);
        Self { customer_id, placed_at, items, total }
    }
}

#[cfg(test)]
mod tests;
