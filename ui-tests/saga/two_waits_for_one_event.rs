use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "payment.settled")]
pub struct PaymentSettled {
    pub order_id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn look(&self) -> Result<u64, StepError> {
        Ok(self.order_id)
    }

    #[wait(timeout = "1h")]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<u64, ()> {
        Correlated::to(event.order_id, ())
    }

    #[wait(timeout = "1h", after(look))]
    fn settled_again(event: &Recorded<PaymentSettled>) -> Correlated<u64, ()> {
        Correlated::to(event.order_id, ())
    }
}

fn main() {}
