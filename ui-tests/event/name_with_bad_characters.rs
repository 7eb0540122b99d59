use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "Order Placed!")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
