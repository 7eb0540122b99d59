use kenning::prelude::*;

fn from_v1(order_id: &str) -> Fulfilment {
    Fulfilment { order_id: order_id.to_owned() }
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 2, id = order_id, migrate(from_v1))]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
