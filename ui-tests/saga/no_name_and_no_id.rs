use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(version = 1)]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
