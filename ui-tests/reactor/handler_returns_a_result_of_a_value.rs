use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

pub struct Inventory;

#[reactor(name = "inventory", version = 1)]
impl Inventory {
    #[on]
    fn placed(&self, event: &OrderPlaced) -> Result<String, ReactorError> {
        Ok(event.order_id.clone())
    }
}

fn main() {}
