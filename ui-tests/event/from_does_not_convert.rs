use kenning::prelude::*;

#[derive(Deserialize, Schema)]
pub struct OrderPlacedV1 {
    pub dollars: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", version = 2, from(OrderPlacedV1))]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
