use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct Address {
    pub street: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    #[serde(flatten)]
    pub address: Address,
}

fn main() {}
