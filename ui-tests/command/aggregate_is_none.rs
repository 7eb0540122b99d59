use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Debug, Default)]
pub struct Order {
    placed: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: u64,
}

fn main() {}
