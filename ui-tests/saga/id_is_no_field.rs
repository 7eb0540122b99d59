use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = oder_id)]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
