use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub enum Summary {
    Placed { order_id: u64 },
}

#[read_model]
impl Summary {
    #[on]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id }
    }
}

fn main() {}
