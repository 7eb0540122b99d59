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

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> Option<u64> {
        failure.step.as_ref().map(|_| 1)
    }

    #[failed]
    fn give_up_again(&self) -> Option<u64> {
        None
    }
}

fn main() {}
