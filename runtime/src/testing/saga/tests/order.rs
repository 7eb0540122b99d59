//! A saga with everything: steps one after another, a diamond, a wait, a pivot, a command, and a command when it has failed.

use crate::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "kit.settled")]
pub(super) struct Settled {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "kit.shipped")]
pub(super) struct Shipped {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "kit.given_up")]
pub(super) struct GivenUp {
    pub(super) reason: String,
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum OrderEvent {
    Settled(Settled),
    Shipped(Shipped),
    GivenUp(GivenUp),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "kit", id = u64, events = OrderEvent)]
pub(super) struct Order {
    shipped: bool,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub(super) struct MarkShipped {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) label: String,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Order)]
pub(super) struct GiveUp {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) reason: String,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is shipped already")]
    Shipped,
}

#[aggregate]
impl Order {
    #[command]
    fn mark_shipped(&self, _: MarkShipped) -> Result<Shipped, Refused> {
        if self.shipped { Err(Refused::Shipped) } else { Ok(Shipped {}) }
    }
    #[command]
    fn give_up(&self, command: GiveUp) -> GivenUp {
        GivenUp { reason: command.reason }
    }
    #[apply]
    fn settled(&mut self, _: &Settled) {}
    #[apply]
    fn shipped(&mut self, _: &Shipped) {
        self.shipped = true;
    }
    #[apply]
    fn given_up(&mut self, _: &GivenUp) {}
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub(super) struct Label {
    of: String,
}

impl Label {
    pub(super) fn of_hand() -> Self {
        Self { of: "hand".to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "kit-fulfilment", version = 1, id = id)]
pub(super) struct Fulfilment {
    pub(super) id: u64,
}

#[saga(services = (), timeout = "5s")]
impl Fulfilment {
    #[step(undo = release)]
    async fn reserve(&self, _: &StepContext<()>) -> Result<String, StepError> {
        Ok("shelf".to_owned())
    }
    #[undo]
    async fn release(&self, _: &StepContext<()>, _: Option<&String>) -> Result<(), StepError> {
        Ok(())
    }

    #[step(undo = refund, after(reserve))]
    async fn charge(&self, _: &StepContext<()>) -> Result<u64, StepError> {
        Ok(300)
    }
    #[undo]
    async fn refund(&self, _: &StepContext<()>, _: Option<&u64>) -> Result<(), StepError> {
        Ok(())
    }

    #[step(undo = unpack, after(reserve))]
    async fn pack(&self, _: &StepContext<()>, reserve: &String) -> Result<String, StepError> {
        Ok(format!("box from {reserve}"))
    }
    #[undo]
    async fn unpack(&self, _: &StepContext<()>, _: Option<&String>) -> Result<(), StepError> {
        Ok(())
    }

    #[wait(timeout = "24h", on_timeout = fail, after(charge, pack))]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        match event.stream().id().parse() {
            Ok(id) => Correlated::to(id, "settled".to_owned()),
            Err(_) => Correlated::nobody(),
        }
    }

    #[step(pivot, after(settled))]
    async fn ship(&self, _: &StepContext<()>, pack: &str) -> Result<Label, StepError> {
        Ok(Label { of: pack.to_owned() })
    }

    #[send(after(ship))]
    fn mark_shipped(&self, ship: &Label) -> MarkShipped {
        MarkShipped { id: self.id, label: ship.of.clone() }
    }

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> GiveUp {
        GiveUp { id: self.id, reason: failure.reason.clone() }
    }
}
