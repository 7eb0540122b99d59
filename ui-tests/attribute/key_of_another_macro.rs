use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed", category = "order")]
pub struct OrderPlaced {
    pub total: i64,
}

fn main() {}
