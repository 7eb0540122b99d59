use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id, migrate(from_v0))]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
