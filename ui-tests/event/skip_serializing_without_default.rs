use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    #[serde(skip_serializing)]
    pub total: i64,
}

fn main() {}
