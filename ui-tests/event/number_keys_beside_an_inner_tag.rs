use std::collections::BTreeMap;

use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
#[serde(tag = "kind")]
pub enum Price {
    Tiers { by: BTreeMap<u32, u64> },
    Free,
}

fn main() {}
