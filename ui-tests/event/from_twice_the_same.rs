use kenning::prelude::*;

#[derive(Deserialize, Schema)]
pub struct OrderPlacedV1 {
    pub dollars: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", version = 3, from(OrderPlacedV1, OrderPlacedV1))]
pub struct OrderPlaced {
    pub total: i64,
}

impl From<OrderPlacedV1> for OrderPlaced {
    fn from(old: OrderPlacedV1) -> Self {
        Self { total: old.dollars * 100 }
    }
}

fn main() {}
