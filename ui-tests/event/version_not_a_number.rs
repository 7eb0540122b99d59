use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", version = "2")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
