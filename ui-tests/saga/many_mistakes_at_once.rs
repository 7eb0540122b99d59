use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(undo = relese, retry(attempts = 0))]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[step(after(resrve), timout = "5s")]
    async fn charge(&self, reserve: u64) -> Result<u64, StepError> {
        Ok(reserve)
    }

    #[undo]
    async fn release(&self, reserved: Option<&u64>) -> Result<(), StepError> {
        drop(reserved);
        Ok(())
    }
}

fn main() {}
