use kenning::prelude::*;

#[saga(services = Services)]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fulfilment {
    pub order_id: String,
}

fn main() {}
