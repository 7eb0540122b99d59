//! What the services answer.

use kenning::Schema;
use serde::{Deserialize, Serialize};

/// Goods set aside for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Reservation {
    pub reservation_id: String,
}

/// Money taken for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Payment {
    pub payment_id: String,
}

/// An order on its way to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Shipment {
    pub tracking_number: String,
}

/// What an undo found; either way the effect is not there, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// The effect had happened and is taken back.
    Undone,
    /// The effect had not happened; its key is closed.
    NothingToUndo,
}
