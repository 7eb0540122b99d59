use std::collections::{BTreeMap, HashSet};

use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "order.tagged")]
pub struct OrderTagged {
    pub tags: u32,
}

#[derive(Clone, Debug, EventSet)]
pub enum OrderEvent {
    Tagged(OrderTagged),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order;

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct TagOrder {
    #[kenning(id)]
    pub id: u64,
    pub tags: BTreeMap<u32, Option<HashSet<String>>>,
}

#[aggregate]
impl Order {
    #[command]
    fn tag(&self, command: &TagOrder) -> OrderTagged {
        OrderTagged { tags: command.tags.len() as u32 }
    }

    #[apply]
    fn tagged(&mut self, _: &OrderTagged) {}
}

fn main() {}
