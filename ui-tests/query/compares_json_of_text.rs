use kenning::prelude::*;
use kenning::{ReadModel, read_model};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Clone, Debug, Serialize, Deserialize, ReadModel)]
#[kenning(table = "orders", version = 1, events = OrderEvent)]
pub struct OrderSummary {
    #[kenning(key)]
    pub order_id: Uuid,
    pub customer: String,
    pub total: i64,
    pub paid: Option<u64>,
    #[kenning(json)]
    pub items: Vec<String>,
    #[kenning(json)]
    pub note: String,
}

#[read_model(ignore(OrderPlaced))]
impl OrderSummary {}

pub fn ask(app: &Kenning) {
    drop(app.query::<OrderSummary>().filter(OrderSummary::NOTE.starts_with("a")));
}

fn main() {}
