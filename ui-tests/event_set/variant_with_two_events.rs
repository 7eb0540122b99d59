use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub parcel: String,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Both(OrderPlaced, OrderShipped),
}

fn main() {}
