use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.paid")]
pub enum OrderPaid {
    Card { number: String },
    Cash { cents: i64 },
}

fn main() {}
