use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct OrderId(pub u64);

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = OrderId)]
pub struct Fulfilment {
    pub order_id: OrderId,
}

fn main() {}
