//! The shop: tells the order how it has ended.

use kenning::prelude::*;

use super::events::{InventoryReleased, InventoryReservationFailed, ShipmentDispatched};
use crate::order::{CancelOrder, OrderId, ShipOrder};

#[derive(Clone, Copy, Debug)]
pub struct Shop;

#[reactor(name = "shop", version = 1)]
impl Shop {
    #[on]
    fn shipment_dispatched(&self, event: &Recorded<ShipmentDispatched>, effects: &mut Effects) {
        let order_id = OrderId(event.stream().id().to_owned());
        effects.send(ShipOrder { order_id, tracking_number: event.tracking_number.clone() });
    }

    #[on]
    fn reservation_failed(&self, event: &Recorded<InventoryReservationFailed>, effects: &mut Effects) {
        let order_id = OrderId(event.stream().id().to_owned());
        effects.send(CancelOrder { order_id, reason: event.reason.clone() });
    }

    #[on]
    fn inventory_released(&self, event: &Recorded<InventoryReleased>, effects: &mut Effects) {
        let order_id = OrderId(event.stream().id().to_owned());
        effects.send(CancelOrder { order_id, reason: event.reason.clone() });
    }
}
