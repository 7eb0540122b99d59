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

#[derive(Debug)]
pub struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent, ignore(OrderShipped))]
impl Revenue {
    #[on]
    async fn placed(&self, event: OrderPlaced, tx: &mut Transaction<'_>) -> Result<(), Failed> {
        tx.0.push(event.total);
        Ok(())
    }
}

fn main() {}
