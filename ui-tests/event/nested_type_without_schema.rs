use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LineItem {
    pub quantity: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub items: Vec<LineItem>,
}

fn main() {}
