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

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order {
    placed: bool,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: u64,
}

#[aggregate]
impl Order {
    #[handle]
    fn place(&self, command: &PlaceOrder) -> OrderPlaced {
        OrderPlaced { order_id: command.order_id }
    }

    #[aply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.placed = true;
    }
}

fn main() {}
