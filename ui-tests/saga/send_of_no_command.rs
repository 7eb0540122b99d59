use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "order-fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: String,
}

pub struct CancelOrder {
    pub order_id: String,
}

#[saga]
impl Fulfilment {
    #[send(irreversible = "nobody minds")]
    fn cancel(&self) -> CancelOrder {
        CancelOrder { order_id: self.order_id.clone() }
    }
}

fn main() {}
