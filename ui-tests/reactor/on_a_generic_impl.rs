use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

pub struct Inventory<T>(T);

#[reactor(name = "inventory", version = 1)]
impl<T> Inventory<T> {
    #[on]
    fn placed(&self, _: &OrderPlaced) {}
}

fn main() {}
