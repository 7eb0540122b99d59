use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    PlacedAgain(OrderPlaced),
}

fn main() {}
