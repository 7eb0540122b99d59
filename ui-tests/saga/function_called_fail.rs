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
    #[wait(timeout = "1h", on_timeout = fail)]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<u64, ()> {
        Correlated::to(event.order_id, ())
    }

    fn fail(&self) {}
}

fn main() {}
