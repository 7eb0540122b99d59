use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "payment.settled")]
pub struct PaymentSettled {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[step(pivot)]
    async fn ship(&self) -> Result<u64, StepError> {
        Ok(1)
    }

    #[wait(timeout = "24h")]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<String, bool> {
        Correlated::to(event.order_id.clone(), true)
    }
}

fn main() {}
