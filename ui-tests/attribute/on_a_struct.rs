use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[aggregate]
#[derive(Debug, Default)]
pub struct Order {
    placed: bool,
}

fn main() {}
