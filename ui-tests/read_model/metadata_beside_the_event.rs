use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Clone, Debug, Serialize, Deserialize, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Summary {
    #[kenning(key)]
    pub order_id: u64,
    pub customer: String,
}

#[read_model]
impl Summary {
    #[on]
    fn placed(&mut self, _: &OrderPlaced, _: &CommandContext) {}
}

fn main() {}
