use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct OrderShipped {}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Placed(OrderPlaced),
    Shipped(OrderShipped),
}

/// A transaction of some store.
pub struct Transaction<'c>(&'c mut Vec<i64>);

pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent, ignore(OrderShipped))]
impl Revenue {
    #[on]
    async fn placed(&self, event: &OrderPlaced, tx: &mut Transaction<'_>) {
        let total = std::rc::Rc::new(event.total);
        std::future::ready(()).await;
        tx.0.push(*total);
    }
}

fn main() {}
