use kenning::prelude::*;

#[derive(Clone, Debug, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
