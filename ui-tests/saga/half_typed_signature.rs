use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn look(&self) -> Result<u64, StepError> {
        Ok(self.order_id)
    }

    #[step(read_only)]
    async fn count(&self, look) -> Result<u64, StepError> {
        Ok(*look)
    }

    #[step(read_only)]
    async fn double(&self, count: &u64) -> Result<u64, StepError> {
        Ok(2 * count)
    }
}

fn main() {}
