use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: u64,
}

pub struct Notifier;

impl Notifier {
    #[on]
    async fn placed(&self, _: &OrderPlaced, _: &mut Effects) {}

    #[on]
    async fn placed_again(&self, _: &Recorded<OrderPlaced>, _: &mut Effects) {}
}

fn main() {}
