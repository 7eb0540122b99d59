use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "Order Placed", version = 3, colour = 1)]
#[serde(deny_unknown_fields)]
pub struct OrderPlaced {
    pub total: usize,
}

fn main() {}
