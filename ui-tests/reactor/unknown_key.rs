use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

pub struct Inventory;

#[reactor(name = "inventory", version = 1, evnts = OrderEvent)]
impl Inventory {
    #[on]
    async fn placed(&self, event: &Recorded<OrderPlaced>, effects: &mut Effects) -> Result<(), ReactorError> {
        let _ = (event, effects);
        Ok(())
    }
}

fn main() {}
