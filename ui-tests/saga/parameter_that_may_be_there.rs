use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn charge(&self, reserve: Option<&u64>) -> Result<u64, StepError> {
        Ok(*reserve.unwrap_or(&1))
    }
}

fn main() {}
