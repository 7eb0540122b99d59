use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct CancelOrder {
    #[kenning(id)]
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = String, events = OrderEvent)]
pub struct Order {}

#[derive(Debug)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

#[aggregate]
impl Order {
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {}

    #[command]
    fn cancel(&self, _: CancelOrder) -> Result<Option<OrderPlaced>, Refused> {
        Err(Refused)
    }
}

#[saga]
impl Fulfilment {
    #[send]
    fn cancel(&self) -> CancelOrder {
        CancelOrder { order_id: self.order_id.clone() }
    }
}

fn main() {}
