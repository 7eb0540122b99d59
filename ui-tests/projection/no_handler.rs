use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
}

pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent, ignore(OrderShipped))]
impl Revenue {
    fn placed(&self, _: &OrderPlaced) {}
}

fn main() {}
