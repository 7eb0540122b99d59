use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(pivot)]
    async fn ship(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[step(retry(attempts = 3))]
    async fn notify(&self) -> Result<u64, StepError> {
        Ok(1)
    }
}

fn main() {}
