use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(undo = release)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[undo(reserve)]
    async fn release(&self, reserved: Option<&u64>) -> Result<(), StepError> {
        drop(reserved);
        Ok(())
    }
}

fn main() {}
