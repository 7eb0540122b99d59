use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
    pub customer
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

fn placed(_: OrderEvent) -> OrderEvent {
    OrderEvent::from(OrderPlaced::decode(1, b"").unwrap())
}

fn main() {}
