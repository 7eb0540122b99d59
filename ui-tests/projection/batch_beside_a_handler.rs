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

#[projection(name = "revenue", version = 1, events = OrderEvent)]
impl Revenue {
    #[on]
    async fn batch(&self, events: &[Recorded<OrderEvent>], tx: &mut Transaction<'_>) {
        tx.0.push(events.len() as i64);
    }

    #[on]
    async fn placed(&self, event: &OrderPlaced, tx: &mut Transaction<'_>) {
        tx.0.push(event.total);
    }
}

fn main() {}
