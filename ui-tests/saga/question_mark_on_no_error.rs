use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

pub struct NoError;

fn asked() -> Result<u64, NoError> {
    Err(NoError)
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn look(&self) -> Result<u64, StepError> {
        Ok(asked()?)
    }
}

fn main() {}
