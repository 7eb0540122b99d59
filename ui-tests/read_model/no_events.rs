use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub customer_id: u64,
    pub total: i64,
}

#[derive(Clone, Debug, ReadModel)]
#[kenning(table = "order_summaries", version = 1)]
pub struct OrderSummary {
    #[kenning(key)]
    pub order_id: u64,
}

fn main() {}
