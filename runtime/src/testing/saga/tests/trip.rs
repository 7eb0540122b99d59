//! A saga whose steps take their time, beside each other: a deadline, a wait that goes on without its event, and a command that undoes another.

use std::time::Duration;

use crate::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "trip.granted")]
pub(super) struct Granted {
    pub(super) trip: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "trip.told")]
pub(super) struct Told {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "trip.taken_back")]
pub(super) struct TakenBack {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum GuestEvent {
    Granted(Granted),
    Told(Told),
    TakenBack(TakenBack),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "guest", id = u64, events = GuestEvent)]
pub(super) struct Guest {
    told: i32,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Guest)]
pub(super) struct Tell {
    #[kenning(id)]
    id: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Guest)]
pub(super) struct TakeBack {
    #[kenning(id)]
    id: u64,
}

#[aggregate]
impl Guest {
    #[command]
    fn tell(&self, _: Tell) -> Told {
        Told {}
    }
    #[command]
    fn take_back(&self, _: TakeBack) -> TakenBack {
        TakenBack {}
    }
    #[apply]
    fn granted(&mut self, _: &Granted) {}
    #[apply]
    fn told(&mut self, _: &Told) {
        self.told += 1;
    }
    #[apply]
    fn taken_back(&mut self, _: &TakenBack) {
        self.told -= 1;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "kit-trip", version = 1, id = id)]
pub(super) struct Trip {
    pub(super) id: u64,
}

async fn slowly() {
    tokio::time::sleep(Duration::from_secs(40)).await;
}

#[saga(services = (), deadline = "2d")]
impl Trip {
    #[step(read_only)]
    async fn look(&self, _: &StepContext<()>) -> Result<u64, StepError> {
        Ok(self.id)
    }

    #[wait(timeout = "30s", on_timeout = without, after(look), missing = keep)]
    fn visa(event: &Recorded<Granted>) -> Correlated<u64, bool> {
        Correlated::to(event.trip, true)
    }
    fn without(&self) -> bool {
        false
    }

    #[step(undo = cancel_flight, after(look), timeout = "60s")]
    async fn flight(&self, _: &StepContext<()>, look: &u64) -> Result<u64, StepError> {
        slowly().await;
        Ok(*look)
    }
    #[undo]
    async fn cancel_flight(&self, _: &StepContext<()>, _: Option<&u64>) -> Result<(), StepError> {
        slowly().await;
        Ok(())
    }

    #[send(undo = take_back, after(look))]
    fn tell(&self) -> Tell {
        Tell { id: self.id }
    }
    #[undo]
    fn take_back(&self) -> TakeBack {
        TakeBack { id: self.id }
    }

    #[step(pivot, after(visa, flight, tell))]
    async fn pay(&self, _: &StepContext<()>, visa: &bool) -> Result<bool, StepError> {
        Ok(*visa)
    }
    #[step(after(pay), timeout = "60s")]
    async fn pack(&self, _: &StepContext<()>) -> Result<(), StepError> {
        slowly().await;
        Ok(())
    }
    #[step(after(pay))]
    async fn leave(&self, _: &StepContext<()>) -> Result<(), StepError> {
        Ok(())
    }
}
