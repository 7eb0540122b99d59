use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
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

#[aggregate]
impl Order {
    #[apply]
    fn placed(&mut self, _: &OrderPlaced) {
        self.placed = true;
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceOrder {
    pub order_id: u64,
}

pub async fn place(app: Kenning) {
    drop(app.execute(PlaceOrder { order_id: 1 }).await);
}

fn main() {}
