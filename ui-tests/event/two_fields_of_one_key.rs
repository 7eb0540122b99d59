use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: u64,
    #[serde(alias = "total")]
    pub amount: u64,
}

fn main() {}
