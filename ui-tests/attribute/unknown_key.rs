use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(nmae = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
