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
    #[on(key = event.order_id)]
    fn placed(&mut self, placed: &OrderPlaced) {
        self.order_id = placed.order_id;
    }
}

fn main() {}
