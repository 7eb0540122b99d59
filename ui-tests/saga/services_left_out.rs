use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

pub struct Services;

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self, cx: &StepContext<Services>) -> Result<u64, StepError> {
        Ok(u64::from(cx.attempt()))
    }
}

fn main() {}
