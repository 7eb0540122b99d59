use kenning::prelude::*;

#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct OrderId(pub u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: OrderId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub order_id: OrderId,
    pub with: Vec<OrderId>,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Summary {
    #[kenning(key)]
    pub order_id: OrderId,
}

#[read_model(ignore(OrderShipped))]
impl Summary {
    #[on]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id }
    }
}

fn main() {}
