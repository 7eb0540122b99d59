use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub customer_id: u64,
    pub total: i64,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "order_summaries", version = 1, events = OrderEvent)]
pub struct OrderSummary {
    #[kenning(key)]
    pub order_id: u64,
    pub parcel: Option<String>,
    pub total: i64,
    #[kenning(json)]
    pub items: Vec<String>,
}

#[read_model]
impl OrderSummary {
    #[on]
    fn placed(&mut self, _: &OrderPlaced) {}
}

fn query() {
    let _ = OrderSummary::TOTAL.like("7%");
}

fn main() {}
