use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "OrderFulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
