//! The list of orders: one row for each, for as long as it is not cancelled.

use kenning::prelude::*;

use crate::order::{
    Cents, CustomerId, OrderCancelled, OrderEvent, OrderId, OrderPlaced, OrderShipped, Status,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "order_summaries", version = 1, events = OrderEvent, index(customer_id, placed_at))]
pub struct OrderSummary {
    #[kenning(key)]
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    pub item_count: i64,
    pub total: Cents,
    pub status: Status,
    pub placed_at: OffsetDateTime,
    pub tracking_number: Option<String>,
}

#[read_model]
impl OrderSummary {
    #[on]
    fn placed(order_id: OrderId, event: &OrderPlaced) -> Self {
        Self {
            order_id,
            customer_id: event.customer_id,
            item_count: event.items.len() as i64,
            total: event.total,
            status: Status::Placed,
            placed_at: event.placed_at,
            tracking_number: None,
        }
    }

    #[on]
    fn shipped(&mut self, event: &OrderShipped) {
        self.status = Status::Shipped;
        self.tracking_number = Some(event.tracking_number.clone());
    }

    #[on]
    fn cancelled(self, _: &OrderCancelled) -> Option<Self> {
        None
    }
}
