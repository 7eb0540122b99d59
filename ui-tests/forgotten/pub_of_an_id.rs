use kenning::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct OrderId(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    order_id: OrderId,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = OrderId, events = OrderEvent)]
pub struct Order;

#[aggregate]
impl Order {
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {}
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Summary {
    #[kenning(key)]
    order_id: OrderId,
}

#[read_model]
impl Summary {
    #[on]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id }
    }
}

fn main() {}
