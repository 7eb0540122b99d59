use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {
    pub parcel: String,
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

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct PlaceOrder {
    #[kenning(id)]
    pub order_id: u64,
}

#[aggregate]
impl Order {
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.placed = true;
    }

    #[command]
    fn place(&self, _: PlaceOrder) -> Result<OrderShipped, String> {
        Ok(OrderShipped { parcel: String::new() })
    }
}

fn main() {}
