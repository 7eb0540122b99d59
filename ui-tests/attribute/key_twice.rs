use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", name = "order.created")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
