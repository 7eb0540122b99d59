use kenning::prelude::*;

pub type Nickname = Option<String>;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "customer.renamed")]
pub struct CustomerRenamed {
    pub nickname: Option<Nickname>,
}

fn main() {}
