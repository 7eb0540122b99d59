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

pub struct Notifier;

#[reactor(name = "notifier", version = 1)]
impl Notifier {
    #[on]
    fn changed(&self, event: &Recorded<OrderEvent>) {
        drop(event.order_id);
    }
}

fn main() {}
