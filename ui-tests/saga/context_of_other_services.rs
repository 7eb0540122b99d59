use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

pub struct Services;

#[saga(services = Services)]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self, cx: &StepContext<String>) -> Result<u64, StepError> {
        Ok(cx.services().len() as u64)
    }
}

fn main() {}
