//! The saga of the design, with services that do as they are told.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::prelude::*;
use crate::store::SagaStatus;
use crate::{CancellationToken, Clock};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.placed")]
pub(super) struct Placed {
    pub(super) cents: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.shipped")]
pub(super) struct Shipped {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.cancelled")]
pub(super) struct Cancelled {
    pub(super) reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.settled")]
pub(super) struct Settled {}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(super) enum ParcelEvent {
    Placed(Placed),
    Shipped(Shipped),
    Cancelled(Cancelled),
    Settled(Settled),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "parcel", id = u64, events = ParcelEvent)]
pub(super) struct Parcel {
    pub(super) shipped: u32,
    pub(super) cancelled: Option<String>,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Parcel)]
pub(super) struct Place {
    #[kenning(id)]
    pub(super) id: u64,
    pub(super) cents: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Parcel)]
pub(super) struct Settle {
    #[kenning(id)]
    pub(super) id: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Parcel)]
pub(super) struct MarkShipped {
    #[kenning(id)]
    id: u64,
}

#[derive(Clone, Debug, Serialize, Command)]
#[kenning(aggregate = Parcel)]
pub(super) struct GiveUp {
    #[kenning(id)]
    id: u64,
    reason: String,
}

#[aggregate]
impl Parcel {
    #[command]
    fn place(&self, command: Place) -> Placed {
        Placed { cents: command.cents }
    }
    #[command]
    fn settle(&self, _: Settle) -> Settled {
        Settled {}
    }
    #[command]
    fn mark_shipped(&self, _: MarkShipped) -> Shipped {
        Shipped {}
    }
    #[command]
    fn give_up(&self, command: GiveUp) -> Cancelled {
        Cancelled { reason: command.reason }
    }
    #[apply]
    fn placed(&mut self, _: &Placed) {}
    #[apply]
    fn settled(&mut self, _: &Settled) {}
    #[apply]
    fn shipped(&mut self, _: &Shipped) {
        self.shipped += 1;
    }
    #[apply]
    fn cancelled(&mut self, event: &Cancelled) {
        self.cancelled = Some(event.reason.clone());
    }
}

/// What an effect is told to do, and what was done.
#[derive(Default)]
pub(super) struct Services {
    pub(super) plan: Mutex<BTreeMap<&'static str, Vec<Answer>>>,
    pub(super) calls: Mutex<Vec<(String, u64, Uuid)>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Retry,
    Fail,
    Panic,
    Hang,
}

impl Services {
    pub(super) fn plan(self, effect: &'static str, answers: &[Answer]) -> Self {
        self.plan.lock().unwrap().insert(effect, answers.iter().rev().copied().collect());
        self
    }

    async fn call(&self, effect: &'static str, order: u64, key: Uuid) -> Result<(), StepError> {
        let answer = self.plan.lock().unwrap().get_mut(effect).and_then(Vec::pop);
        self.calls.lock().unwrap().push((effect.to_owned(), order, key));
        match answer {
            None => Ok(()),
            Some(Answer::Retry) => Err(StepError::retry("not now")),
            Some(Answer::Fail) => Err(StepError::fail("no")),
            Some(Answer::Panic) => panic!("at the disco"),
            Some(Answer::Hang) => std::future::pending().await,
        }
    }

    /// The effects in their order.
    pub(super) fn effects(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(effect, ..)| effect.clone()).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "parcel-fulfilment", version = 1, id = id)]
pub(super) struct Fulfilment {
    pub(super) id: u64,
    pub(super) cents: u64,
}

#[saga(services = Services, timeout = "5s")]
impl Fulfilment {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        let id = event.stream().id().parse().ok()?;
        Some(Self { id, cents: event.cents })
    }

    #[step(undo = release)]
    async fn reserve(&self, cx: &StepContext<Services>) -> Result<String, StepError> {
        cx.services().call("reserve", self.id, cx.key()).await?;
        Ok("shelf".to_owned())
    }
    #[undo]
    async fn release(&self, cx: &StepContext<Services>, reserved: Option<&String>) -> Result<(), StepError> {
        let effect = if reserved.is_some() { "release" } else { "release?" };
        cx.services().call(effect, self.id, cx.key()).await
    }

    #[step(undo = refund)]
    async fn charge(&self, cx: &StepContext<Services>, reserve: &String) -> Result<u64, StepError> {
        assert_eq!(reserve, "shelf");
        cx.services().call("charge", self.id, cx.key()).await?;
        Ok(self.cents)
    }
    #[undo]
    async fn refund(&self, cx: &StepContext<Services>, charged: Option<&u64>) -> Result<(), StepError> {
        let effect = if charged.is_some() { "refund" } else { "refund?" };
        cx.services().call(effect, self.id, cx.key()).await
    }

    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        match event.stream().id().parse() {
            Ok(id) => Correlated::to(id, "settled".to_owned()),
            Err(_) => Correlated::nobody(),
        }
    }

    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Services>, charge: &u64) -> Result<u64, StepError> {
        cx.services().call("ship", self.id, cx.key()).await?;
        Ok(*charge)
    }
    #[send]
    fn mark_shipped(&self) -> MarkShipped {
        MarkShipped { id: self.id }
    }
    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> GiveUp {
        GiveUp { id: self.id, reason: failure.reason.clone() }
    }
}

/// An application on the memory store, with the services of its saga.
pub(super) struct World {
    pub(super) app: Kenning,
    pub(super) services: std::sync::Arc<Services>,
}

impl World {
    pub(super) async fn new(services: Services) -> Self {
        let clock = Clock::tokio(OffsetDateTime::UNIX_EPOCH);
        let services = std::sync::Arc::new(services);
        let app = Kenning::builder(MemoryStore::with_clock(clock.clone()))
            .clock(clock)
            .aggregate::<Parcel>()
            .saga::<Fulfilment>(std::sync::Arc::clone(&services))
            .build()
            .await
            .unwrap();
        Self { app, services }
    }

    /// Runs until the instance has a status.
    pub(super) async fn until(&self, id: u64, status: SagaStatus) -> crate::store::SagaWhole {
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (app, stop) = (self.app.clone(), stop.clone());
            async move { app.run(stop).await }
        });
        let wait = async {
            let mut pause = std::time::Duration::from_millis(10);
            loop {
                let instance = self.app.sagas().instance("parcel-fulfilment", id.to_string());
                if let Some(whole) = instance.show().await.unwrap()
                    && whole.record.status == status
                {
                    return whole;
                }
                pause = (pause * 2).min(std::time::Duration::from_secs(600));
                tokio::time::sleep(pause).await;
            }
        };
        let whole = tokio::time::timeout(std::time::Duration::from_secs(7 * 24 * 60 * 60), wait).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        match whole {
            Ok(whole) => whole,
            Err(_) => {
                let instance = self.app.sagas().instance("parcel-fulfilment", id.to_string());
                panic!("never {status}: {:#?}", instance.show().await.unwrap())
            }
        }
    }
}
