use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

impl Fulfilment {
    #[send]
    fn placed(&self) -> Option<()> {
        None
    }
}

fn main() {}
