use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order)]
pub struct Fulfilment {
    pub order: (u64, u64),
}

fn main() {}
