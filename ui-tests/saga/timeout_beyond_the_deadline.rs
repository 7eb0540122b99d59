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

#[saga(deadline = "90m")]
impl Fulfilment {
    #[wait(timeout = "24h")]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<u64, ()> {
        Correlated::to(event.order_id, ())
    }
}

fn main() {}
