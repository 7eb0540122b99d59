use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(EventSet)]
pub enum OrderEvent<T> {
    Placed(OrderPlaced),
    Other(T),
}

fn main() {}
