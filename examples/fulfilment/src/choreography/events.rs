//! What the departments tell each other, each in a stream of its own for each order. An event carries what those need who answer to it: the amount, and the keys of the effects that may have to be
//! undone.

use kenning::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "inventory.reserved")]
pub struct InventoryReserved {
    pub amount: i64,
    /// The key of the reservation.
    pub reserve: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "inventory.reservation_failed")]
pub struct InventoryReservationFailed {
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "inventory.released")]
pub struct InventoryReleased {
    /// Why the order was given up.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "payment.processed")]
pub struct PaymentProcessed {
    pub amount: i64,
    pub reserve: Uuid,
    /// The key of the payment.
    pub charge: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "payment.failed")]
pub struct PaymentFailed {
    pub amount: i64,
    pub reserve: Uuid,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "payment.refunded")]
pub struct PaymentRefunded {
    pub amount: i64,
    pub reserve: Uuid,
    /// Why the order was given up.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "shipment.dispatched")]
pub struct ShipmentDispatched {
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "shipment.failed")]
pub struct ShipmentFailed {
    pub amount: i64,
    pub reserve: Uuid,
    pub charge: Uuid,
    pub reason: String,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum FulfilmentEvent {
    InventoryReserved(InventoryReserved),
    InventoryReservationFailed(InventoryReservationFailed),
    InventoryReleased(InventoryReleased),
    PaymentProcessed(PaymentProcessed),
    PaymentFailed(PaymentFailed),
    PaymentRefunded(PaymentRefunded),
    ShipmentDispatched(ShipmentDispatched),
    ShipmentFailed(ShipmentFailed),
}
