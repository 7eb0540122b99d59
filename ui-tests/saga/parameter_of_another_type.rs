use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct Reservation {
    pub shelf: u32,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn charge(&self, reserve: &Reservation) -> Result<u64, StepError> {
        Ok(u64::from(reserve.shelf))
    }
}

fn main() {}
