//! The order: placed, and then shipped or cancelled by whatever fulfils it.

use std::fmt;

use kenning::prelude::*;

/// The shop's number of an order, as in `order-7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(transparent)]
pub struct OrderId(pub String);

impl OrderId {
    pub fn numbered(number: u64) -> Self {
        Self(format!("order-{number}"))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who sees to it that an order comes to its end. It is decided when the order is placed, so that never two do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum FulfilledBy {
    /// One saga, which tells the services what to do.
    Saga,
    /// Reactors, each of which follows the events of the others.
    Reactors,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    /// In cents.
    pub amount: i64,
    pub fulfilled_by: FulfilledBy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "order.cancelled")]
pub struct OrderCancelled {
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
    Cancelled(OrderCancelled),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Aggregate)]
#[kenning(category = "order", id = OrderId, events = OrderEvent)]
pub struct Order {
    status: Status,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    #[default]
    New,
    Placed,
    Shipped,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order, creates)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub amount: i64,
    pub fulfilled_by: FulfilledBy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct ShipOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct CancelOrder {
    #[kenning(id)]
    pub order_id: OrderId,
    pub reason: String,
}

/// Why an order turns a command down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
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
        match self.status {
            Status::New => Ok(OrderPlaced { amount: command.amount, fulfilled_by: command.fulfilled_by }),
            Status::Placed | Status::Shipped | Status::Cancelled => Err(OrderError::AlreadyPlaced),
        }
    }

    #[command]
    fn ship(&self, command: ShipOrder) -> Result<OrderShipped, OrderError> {
        self.open().map(|()| OrderShipped { tracking_number: command.tracking_number })
    }

    #[command]
    fn cancel(&self, command: CancelOrder) -> Result<OrderCancelled, OrderError> {
        self.open().map(|()| OrderCancelled { reason: command.reason })
    }

    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.status = Status::Placed;
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
    fn open(&self) -> Result<(), OrderError> {
        match self.status {
            Status::Placed => Ok(()),
            Status::New => Err(OrderError::NotPlaced),
            Status::Shipped => Err(OrderError::AlreadyShipped),
            Status::Cancelled => Err(OrderError::Cancelled),
        }
    }
}
