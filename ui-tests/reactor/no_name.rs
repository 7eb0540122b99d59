use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

pub struct Inventory;

#[reactor(version = 1)]
impl Inventory {
    #[on]
    async fn placed(&self, event: &Recorded<OrderPlaced>, effects: &mut Effects) -> Result<(), ReactorError> {
        let _ = (event, effects);
        Ok(())
    }
}

fn main() {}
