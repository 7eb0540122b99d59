use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

pub struct Inventory;

#[reactor(name = "inventory", version = 1)]
impl Inventory {
    #[on]
    async fn placed(&self, event: &OrderPlaced) {
        let order = std::rc::Rc::new(event.order_id.clone());
        std::future::ready(()).await;
        drop(order);
    }
}

fn main() {}
