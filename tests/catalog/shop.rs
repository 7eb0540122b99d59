//! A shop with one of everything that can be declared.

use kenning::prelude::*;
use kenning::store::MemoryTransaction;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct Placed {
    pub cents: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.settled")]
pub struct Settled {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.shipped")]
pub struct Shipped {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.cancelled")]
pub struct Cancelled {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    Placed(Placed),
    Settled(Settled),
    Shipped(Shipped),
    Cancelled(Cancelled),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = String, events = OrderEvent)]
pub struct Order {}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct Place {
    #[kenning(id)]
    pub order: String,
    pub cents: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct Settle {
    #[kenning(id)]
    pub order: String,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct Ship {
    #[kenning(id)]
    pub order: String,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub struct Cancel {
    #[kenning(id)]
    pub order: String,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, command: Place) -> Placed {
        Placed { cents: command.cents }
    }
    #[command]
    fn settle(&self, _: Settle) -> Settled {
        Settled {}
    }
    #[command]
    fn ship(&self, _: Ship) -> Shipped {
        Shipped {}
    }
    #[command]
    fn cancel(&self, _: Cancel) -> Cancelled {
        Cancelled {}
    }
    #[apply]
    fn placed(&mut self, _: &Placed) {}
    #[apply]
    fn settled(&mut self, _: &Settled) {}
    #[apply]
    fn shipped(&mut self, _: &Shipped) {}
    #[apply]
    fn cancelled(&mut self, _: &Cancelled) {}
}

#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "order_views", version = 1, events = OrderEvent)]
pub struct OrderView {
    #[kenning(key)]
    pub order: String,
    pub shipped: bool,
}

#[read_model(ignore(Settled, Cancelled))]
impl OrderView {
    #[on]
    fn placed(order: String, _: &Placed) -> Self {
        Self { order, shipped: false }
    }
    #[on]
    fn shipped(&mut self, _: &Shipped) {
        self.shipped = true;
    }
}

pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent, ignore(Placed, Shipped, Cancelled))]
impl Revenue {
    #[on]
    async fn settled(&self, _: &Settled, _: &mut MemoryTransaction) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

pub struct Notices;

#[reactor(name = "notices", version = 1)]
impl Notices {
    #[on]
    async fn cancelled(&self, _: &Cancelled, _: &mut Effects) -> Result<(), ReactorError> {
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order)]
pub struct Fulfilment {
    order: String,
}

#[saga(services = ())]
impl Fulfilment {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        Some(Self { order: event.stream().id().to_owned() })
    }

    #[step(undo = release)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }
    #[undo]
    async fn release(&self, _reserved: Option<&u64>) -> Result<(), StepError> {
        Ok(())
    }

    #[step(undo = refund)]
    async fn charge(&self) -> Result<u64, StepError> {
        Ok(2)
    }
    #[undo]
    async fn refund(&self, _charged: Option<&u64>) -> Result<(), StepError> {
        Ok(())
    }

    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<String, ()> {
        Correlated::to(event.stream().id().to_owned(), ())
    }

    #[step(pivot)]
    async fn pack(&self) -> Result<(), StepError> {
        Ok(())
    }

    #[send]
    fn ship(&self) -> Ship {
        Ship { order: self.order.clone() }
    }

    #[failed]
    fn give_up(&self, _: &SagaFailure) -> Cancel {
        Cancel { order: self.order.clone() }
    }
}
