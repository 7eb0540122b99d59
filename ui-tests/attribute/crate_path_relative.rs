use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", crate = kenning)]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
