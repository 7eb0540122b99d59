use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reservation {
    pub shelf: u32,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<Reservation, StepError> {
        Ok(Reservation { shelf: 1 })
    }
}

fn main() {}
