use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(EventSet)]
pub struct OrderEvent {
    placed: OrderPlaced,
}

fn main() {}
