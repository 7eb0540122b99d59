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
    #[wait(timeout = "24h", on_timeout = assumd)]
    fn settled(event: &Recorded<PaymentSettled>) -> Correlated<String, bool> {
        Correlated::to(event.order_id.clone(), true)
    }

    fn assumed(&self) -> bool {
        false
    }
}

fn main() {}
