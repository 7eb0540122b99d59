use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "customer.renamed")]
pub struct CustomerRenamed {
    pub nickname: Option<Option<String>>,
}

fn main() {}
