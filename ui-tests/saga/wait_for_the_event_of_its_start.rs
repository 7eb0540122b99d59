use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[saga]
impl Fulfilment {
    #[start]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id }
    }

    #[wait(timeout = "1h")]
    fn placed_too(event: &Recorded<OrderPlaced>) -> Correlated<u64, ()> {
        Correlated::to(event.order_id, ())
    }
}

fn main() {}
