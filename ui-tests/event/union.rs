use kenning::prelude::*;

#[derive(Event)]
#[kenning(name = "order.placed")]
pub union OrderPlaced {
    pub cents: i64,
    pub dollars: i64,
}

fn main() {}
