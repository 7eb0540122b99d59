use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[saga]
impl Fulfilment {
    #[step(undo = put_back)]
    async fn take(&self) -> Result<u64, StepError> {
        Ok(self.order_id)
    }

    #[undo]
    async fn put_back(&self, _: Option<&str>) -> Result<(), StepError> {
        Ok(())
    }
}

fn main() {}
