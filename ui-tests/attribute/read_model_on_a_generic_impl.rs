use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub customer_id: u64,
    pub total: i64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

pub struct Summary<T> {
    pub total: T,
}

#[read_model]
impl<T> Summary<T> {
    #[on]
    fn placed(&mut self, _: &OrderPlaced) {}
}

fn main() {}
