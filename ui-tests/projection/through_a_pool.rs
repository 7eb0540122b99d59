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

pub struct PgPool;
pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent)]
impl Revenue {
    #[on]
    async fn placed(&self, _: &OrderPlaced, _: &PgPool) {
        std::future::ready(()).await;
    }
}

fn main() {}
