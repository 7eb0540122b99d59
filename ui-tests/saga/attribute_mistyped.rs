use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[sage]
impl Fulfilment {
    #[step(read_only)]
    async fn look(&self) -> Result<u64, StepError> {
        Ok(self.order_id)
    }
}

fn main() {}
