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

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "payment.received")]
pub struct PaymentReceived {}

#[derive(Clone, Debug, EventSet)]
pub enum PaymentEvent {
    Received(PaymentReceived),
}

#[projection(name = "revenue", version = 1, events = OrderEvent)]
impl Revenue {
    #[on]
    async fn batch(&self, events: &[Recorded<PaymentEvent>], tx: &mut Transaction<'_>) {
        tx.0.push(events.len() as i64);
    }
}

fn main() {}
