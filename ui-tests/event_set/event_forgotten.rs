use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.cancelled")]
pub struct OrderCancelled {
    pub order_id: u64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order {
    open: bool,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct CancelOrder {
    #[kenning(id)]
    pub order_id: u64,
}

#[aggregate]
impl Order {
    #[command]
    fn cancel(&self, command: &CancelOrder) -> Vec<OrderCancelled> {
        vec![OrderCancelled { order_id: command.order_id }]
    }
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.open = true;
    }
    #[apply]
    fn cancelled(&mut self, _: &OrderCancelled) {
        self.open = false;
    }
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct Summary {
    #[kenning(key)]
    pub order_id: u64,
}

#[read_model(ignore(OrderCancelled))]
impl Summary {
    #[on]
    fn placed(event: &OrderPlaced) -> Self {
        Self { order_id: event.order_id }
    }
}

fn main() {}
