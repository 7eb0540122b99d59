use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, u8> {
        Ok(1)
    }
}

fn main() {}
