use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
