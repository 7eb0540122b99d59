use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
pub enum Price {
    Wei { amount: Option<u128> },
    Free,
}

fn main() {}
