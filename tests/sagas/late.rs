//! Events that come after a wait has ended.

use std::sync::Arc;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use super::lot::{Lot, Settled};
use super::missing::{idle, of, parked, settle};
use super::outside::Outside;
use super::world::{World, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_an_event_that_another_wait_takes_is_not_late
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "twice", version = 1, id = id)]
struct Twice {
    id: u64,
}

#[saga(services = Outside)]
impl Twice {
    #[wait(timeout = "24h", on_timeout = fail, late = park)]
    fn first(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[wait(timeout = "24h", on_timeout = fail, late = park)]
    fn second(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(
        &self,
        cx: &StepContext<Outside>,
        first: &str,
        second: &str,
    ) -> Result<String, StepError> {
        cx.services().call(cx, &format!("{first} {second}")).await
    }
}

async fn p5_an_event_that_another_wait_takes_is_not_late<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Twice>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    app.start(Twice { id: 1 }).await.unwrap();
    for word in ["one", "two", "three"] {
        settle(&app, 1, word).await;
        idle(&app).await;
    }
    until(&app, "twice", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["one two"]);
    let listed = parked(&app).await;
    assert_eq!(listed.len(), 1, "the third one ends no wait");
    assert!(listed[0].error.as_deref().unwrap().contains("came too late"));
    app.close().await;
}
