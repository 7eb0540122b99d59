//! Waits: each event ends one, and a timeout loses against an event that was there before.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::SagaOptions;
use kenning::store::SagaStatus;

use super::lot::{Lot, Settle, Settled};
use super::outside::Outside;
use super::world::{Running, World, show, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_an_event_ends_one_of_two_waits
    p5_two_events_that_come_early_end_two_waits
    p5_a_timeout_waits_for_the_events_that_were_there_before_it
    p5_a_timeout_is_recorded_in_the_end_when_the_consumer_stands_still
    p5_a_timeout_waits_for_an_event_that_is_parked_behind_another
}

fn of(event: &Recorded<Settled>) -> Correlated<u64, String> {
    assert!(event.word != "poison", "it cannot be read");
    let id = event.stream().id().parse();
    id.map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
}

/// Two approvals, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "two", version = 1, id = id)]
struct Two {
    id: u64,
}

#[saga(services = Outside)]
impl Two {
    #[step(read_only)]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "begin").await
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn first(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn second(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn pay(&self, cx: &StepContext<Outside>, first: &str, second: &str) -> Result<String, StepError> {
        cx.services().call(cx, &format!("{first} and {second}")).await
    }
}

/// Waits for a time in which an event can be recorded, also on a busy machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "short", version = 1, id = id)]
struct Short {
    id: u64,
}

#[saga(services = Outside)]
impl Short {
    #[wait(timeout = "3s", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

async fn run<H: Home>(world: &World<H>, hold: Duration) -> Running {
    let options = SagaOptions::new().poll(Duration::from_millis(50)).hold_timeouts(hold);
    let builder = Kenning::builder(world.home.store().await).lease(world.lease).sagas(options);
    let builder = builder.aggregate::<Lot>().saga::<Two>(Arc::clone(&world.outside));
    Running::new(builder.saga::<Short>(Arc::clone(&world.outside)).build().await.expect("it fits together"))
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn settle(running: &Running, id: u64, word: &str) {
    running.app.execute(Settle { id, word: word.to_owned() }).await.unwrap();
}

/// Fails without `sagas.one-wait`: see tests/guards.
async fn p5_an_event_ends_one_of_two_waits<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world, HOUR).await;
    running.app.start(Two { id: 1 }).await.unwrap();
    until(&running.app, "two", 1, SagaStatus::Waiting).await;
    settle(&running, 1, "one").await;
    until_seen(&running.app, "two", 1, "at the second", |whole| times(whole, "waiting second") == 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let whole = show(&running.app, "two", 1).await;
    assert_eq!((whole.record.status, times(&whole, "done second")), (SagaStatus::Waiting, 0));
    // Another process reads the same of the log.
    running.stop().await;
    let running = run(&world, HOUR).await;
    settle(&running, 1, "two").await;
    until(&running.app, "two", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["begin", "one and two"]);
    running.stop().await;
}

async fn p5_two_events_that_come_early_end_two_waits<H: Home>(home: H) {
    let world = World::new(home);
    let go = kenning::CancellationToken::new();
    world.outside.plan("begin", &[super::outside::Answer::Until(go.clone())]);
    let running = run(&world, HOUR).await;
    running.app.start(Two { id: 1 }).await.unwrap();
    world.outside.until(1, "begin", 1).await;
    settle(&running, 1, "one").await;
    settle(&running, 1, "two").await;
    until_seen(&running.app, "two", 1, "told", |whole| whole.messages.len() == 4).await;
    go.cancel();
    until(&running.app, "two", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["begin", "one and two"]);
    running.stop().await;
}

/// Fails without `sagas.fed`: see tests/guards.
async fn p5_a_timeout_waits_for_the_events_that_were_there_before_it<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world, HOUR).await;
    running.app.consumer("short").pause().await.unwrap();
    running.app.start(Short { id: 1 }).await.unwrap();
    running.app.start(Short { id: 2 }).await.unwrap();
    for id in [1, 2] {
        until(&running.app, "short", id, SagaStatus::Waiting).await;
    }
    settle(&running, 1, "in time").await;
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    for id in [1, 2] {
        let whole = show(&running.app, "short", id).await;
        assert_eq!(
            times(&whole, "timed_out settled"),
            0,
            "the consumer has not seen what was there: {whole:#?}"
        );
    }
    settle(&running, 2, "too late").await;
    running.app.consumer("short").resume().await.unwrap();
    until(&running.app, "short", 1, SagaStatus::Completed).await;
    // An event that came after the time was over does not have to be taken.
    until_seen(&running.app, "short", 2, "at its end", |whole| whole.record.status.is_end()).await;
    running.stop().await;
}

async fn p5_a_timeout_is_recorded_in_the_end_when_the_consumer_stands_still<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world, Duration::from_millis(400)).await;
    running.app.consumer("short").pause().await.unwrap();
    running.app.start(Short { id: 1 }).await.unwrap();
    until(&running.app, "short", 1, SagaStatus::Waiting).await;
    settle(&running, 1, "in time").await;
    let whole = until(&running.app, "short", 1, SagaStatus::Compensated).await;
    assert_eq!(times(&whole, "timed_out settled"), 1);
    assert!(whole.log[1].at - whole.log[0].at >= Duration::from_millis(3_390), "{whole:#?}");
    running.stop().await;
}

/// Fails without `sagas.fed` or `sagas.fed-parked`: see tests/guards.
async fn p5_a_timeout_waits_for_an_event_that_is_parked_behind_another<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world, HOUR).await;
    running.app.start(Short { id: 1 }).await.unwrap();
    until(&running.app, "short", 1, SagaStatus::Waiting).await;
    settle(&running, 1, "poison").await;
    settle(&running, 1, "in time").await;
    running.app.start(Short { id: 2 }).await.unwrap();
    // Another instance is not held up by what is parked for this one.
    until(&running.app, "short", 2, SagaStatus::Compensated).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let whole = show(&running.app, "short", 1).await;
    assert_eq!(times(&whole, "timed_out settled"), 0, "{whole:#?}");
    let parked = running.app.parked().consumer("short").list().await.unwrap();
    running.app.parked().discard(&parked[0], "it cannot be read").await.unwrap();
    until(&running.app, "short", 1, SagaStatus::Completed).await;
    running.stop().await;
}
