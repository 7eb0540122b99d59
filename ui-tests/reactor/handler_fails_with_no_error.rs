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
    fn placed(&self, _: &OrderPlaced) -> Result<(), u8> {
        Ok(())
    }
}

fn main() {}
