use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct OrderPlaced {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[on]
    fn placed(event: &OrderPlaced) -> Option<Self> {
        Some(Self { order_id: event.order_id.clone() })
    }
}

fn main() {}
