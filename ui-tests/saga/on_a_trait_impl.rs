use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Drop for Fulfilment {
    #[step(read_only)]
    fn drop(&mut self) {}
}

fn main() {}
