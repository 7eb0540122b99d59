use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
#[serde(deny_unknown_fields)]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
