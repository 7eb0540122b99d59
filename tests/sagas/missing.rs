//! Events for instances that were never started, and events that come before they are waited for.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::{Parked, SagaStatus};

use super::lot::{Lot, Place, Placed, Settle, Settled};
use super::outside::{Answer, Outside};
use super::world::{Running, World, log, times, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p7_trap_41_an_event_without_an_instance_is_parked_and_retried_after_the_start
    p5_trap_41_an_event_without_an_instance_is_kept_for_it_by_declaration
    p5_trap_41_an_event_without_an_instance_is_passed_over_by_declaration
    p5_trap_41_an_event_starts_its_instance_once_however_often_it_is_delivered
    p5_an_event_that_comes_before_its_wait_is_kept_for_it
    p5_an_event_before_the_start_finds_no_instance_however_batches_are_cut
    p5_an_event_that_comes_too_late_is_parked_or_dropped_by_declaration
}

/// What a wait is given.
pub(super) fn of(event: &Recorded<Settled>) -> Correlated<u64, String> {
    event
        .stream()
        .id()
        .parse()
        .map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
}

macro_rules! waits {
    ($saga:ident $name:literal) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
        #[kenning(name = $name, version = 1, id = id)]
        struct $saga {
            id: u64,
        }
    };
}

waits!(Parks "parks");
waits!(Keeps "keeps");
waits!(Ignores "ignores");

#[saga(services = Outside)]
impl Parks {
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

#[saga(services = Outside)]
impl Keeps {
    #[wait(timeout = "24h", on_timeout = fail, missing = keep)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

#[saga(services = Outside)]
impl Ignores {
    #[wait(timeout = "24h", on_timeout = fail, missing = ignore("most lots have no saga"))]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

/// Started by an event, and slow to begin its wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "starts", version = 1, id = id)]
struct Starts {
    id: u64,
    word: String,
}

#[saga(services = Outside)]
impl Starts {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        let id = event.stream().id().parse().ok()?;
        (event.word != "none").then(|| Self { id, word: event.word.clone() })
    }
    #[step(irreversible = "nothing is done")]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, &self.word).await
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

async fn place(app: &Kenning, id: u64, word: &str) {
    app.execute(Place { id, word: word.to_owned() }).await.unwrap();
}

pub(super) async fn settle(app: &Kenning, id: u64, word: &str) {
    app.execute(Settle { id, word: word.to_owned() }).await.unwrap();
}

pub(super) async fn idle(app: &Kenning) {
    super::in_time("the application to fall idle", app.run_until_idle()).await.unwrap();
}

pub(super) async fn parked(app: &Kenning) -> Vec<Parked> {
    app.parked().list().await.unwrap()
}

async fn until_parked(app: &Kenning) -> Vec<Parked> {
    let found = async {
        loop {
            let listed = parked(app).await;
            if !listed.is_empty() {
                return listed;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    super::in_time("an event to be parked", found).await
}

async fn p7_trap_41_an_event_without_an_instance_is_parked_and_retried_after_the_start<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Parks>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    for id in [1, 2] {
        settle(&app, id, "first").await;
    }
    app.start(Parks { id: 2 }).await.unwrap();
    idle(&app).await;
    let listed = parked(&app).await;
    assert_eq!((listed.len(), listed[0].stream.as_str()), (1, "lot-1"));
    let why = listed[0].error.as_deref().unwrap();
    assert!(why.contains("no instance `1` of `parks` was ever started, whose `settled` it is for"), "{why}");
    // Started later, it waits; the event is its own once somebody asks for it again.
    app.start(Parks { id: 1 }).await.unwrap();
    app.parked().retry(&listed[0]).await.unwrap();
    idle(&app).await;
    for id in [1, 2] {
        until(&app, "parks", id, SagaStatus::Completed).await;
        assert_eq!(world.outside.asked(id), ["first"]);
    }
    assert_eq!(parked(&app).await, []);
    app.close().await;
}

async fn p5_trap_41_an_event_without_an_instance_is_kept_for_it_by_declaration<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Keeps>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    for word in ["first", "second"] {
        settle(&app, 1, word).await;
    }
    idle(&app).await;
    assert_eq!(parked(&app).await, []);
    app.start(Keeps { id: 1 }).await.unwrap();
    idle(&app).await;
    until(&app, "keeps", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["first"], "the first one is what it has waited for");
    // Starts and events that meet: whichever comes first, none is lost.
    let running = Running::new(app);
    let meetings = (100..160).map(|id| {
        let app = running.app.clone();
        tokio::spawn(async move {
            let started = async { app.start(Keeps { id }).await.map(drop).unwrap() };
            if id % 2 == 0 {
                futures_util::future::join(settle(&app, id, "met"), started).await;
            } else {
                futures_util::future::join(started, settle(&app, id, "met")).await;
            }
        })
    });
    futures_util::future::join_all(meetings).await;
    for id in 100..160 {
        until(&running.app, "keeps", id, SagaStatus::Completed).await;
        assert_eq!(world.outside.asked(id), ["met"]);
    }
    running.stop().await;
}

async fn p5_trap_41_an_event_without_an_instance_is_passed_over_by_declaration<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Ignores>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    settle(&app, 1, "too early").await;
    idle(&app).await;
    assert_eq!(parked(&app).await, []);
    app.start(Ignores { id: 1 }).await.unwrap();
    idle(&app).await;
    assert_eq!(until(&app, "ignores", 1, SagaStatus::Waiting).await.messages, []);
    settle(&app, 1, "in time").await;
    idle(&app).await;
    assert_eq!(world.outside.asked(1), ["in time"]);
    app.close().await;
}

async fn p5_trap_41_an_event_starts_its_instance_once_however_often_it_is_delivered<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Starts>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    place(&app, 1, "begin").await;
    place(&app, 1, "again").await;
    place(&app, 2, "none").await;
    idle(&app).await;
    for _ in 0..2 {
        app.consumer("starts").reset_with_effects(kenning::Start::Beginning).await.unwrap();
        idle(&app).await;
    }
    let whole = until(&app, "starts", 1, SagaStatus::Waiting).await;
    assert_eq!((world.outside.asked(1), times(&whole, "intent begin")), (vec!["begin".to_owned()], 1));
    assert_eq!(app.sagas().list().await.unwrap().len(), 1, "the function has said that the other is none");
    settle(&app, 1, "finish").await;
    idle(&app).await;
    app.consumer("starts").reset_with_effects(kenning::Start::Beginning).await.unwrap();
    idle(&app).await;
    assert_eq!(world.outside.asked(1), ["begin", "finish"]);
    assert_eq!(parked(&app).await, [], "an event that comes after the end of its instance is no trouble");
    app.close().await;
}

/// Its event comes while an earlier step is still at work, and is delivered twice; that of a process that dies is not lost.
async fn p5_an_event_that_comes_before_its_wait_is_kept_for_it<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.plan_of(1, "begin", &[Answer::Hang, Answer::Pause(Duration::from_millis(50))]);
    let app = async || {
        let builder = world.builder().await.aggregate::<Lot>().saga::<Starts>(Arc::clone(&world.outside));
        builder.build().await.unwrap()
    };
    let running = Running::new(app().await);
    place(&running.app, 1, "begin").await;
    world.outside.until(1, "begin", 1).await;
    settle(&running.app, 1, "finish").await;
    super::world::until_seen(&running.app, "starts", 1, "told", |whole| whole.messages.len() == 1).await;
    running.crash().await;
    let running = Running::new(app().await);
    let whole = until(&running.app, "starts", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["begin", "begin", "finish"]);
    assert_eq!(log(&whole)[3..5], ["waiting settled", "done settled"]);
    running.stop().await;
}

/// Ignores events of lots that were never started, and is started by an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "choosy", version = 1, id = id)]
struct Choosy {
    id: u64,
}

#[saga(services = Outside)]
impl Choosy {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        Some(Self { id: event.stream().id().parse().ok()? })
    }
    #[wait(timeout = "24h", on_timeout = fail, missing = ignore("it was not placed yet"))]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

/// Fails without `sagas.before-start`: see tests/guards.
async fn p5_an_event_before_the_start_finds_no_instance_however_batches_are_cut<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Choosy>(Arc::clone(&world.outside));
    let app = builder.build().await.unwrap();
    settle(&app, 1, "too early").await;
    place(&app, 1, "placed").await;
    settle(&app, 2, "too early").await;
    place(&app, 2, "placed").await;
    settle(&app, 2, "in time").await;
    idle(&app).await;
    assert_eq!(world.outside.asked(1), Vec::<String>::new(), "it waits still");
    assert_eq!(world.outside.asked(2), ["in time"]);
    app.close().await;
}

waits!(Late "late");
waits!(LateIgnored "late-ignored");

#[saga(services = Outside)]
impl Late {
    #[wait(timeout = "50ms", on_timeout = without, late = park)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    fn without(&self) -> String {
        "timed out".to_owned()
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn placed(event: &Recorded<Placed>) -> Correlated<u64, String> {
        let id = event.stream().id().parse();
        id.map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

#[saga(services = Outside)]
impl LateIgnored {
    #[wait(timeout = "24h", on_timeout = fail, late = ignore("the first one counts"))]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        of(event)
    }
    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

/// Without `.late(…)` in `saga_block/expand.rs` nothing is parked.
async fn p5_an_event_that_comes_too_late_is_parked_or_dropped_by_declaration<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>();
    let builder = builder.saga::<Late>(Arc::clone(&world.outside));
    let builder = builder.saga::<LateIgnored>(Arc::clone(&world.outside));
    let running = Running::new(builder.build().await.unwrap());
    let app = &running.app;
    app.start(Late { id: 1 }).await.unwrap();
    app.start(LateIgnored { id: 1 }).await.unwrap();
    // Its wait for `placed` has begun, so that the one before it has timed out.
    super::world::until_seen(app, "late", 1, "second wait", |whole| {
        times(whole, "waiting placed") == 1 && times(whole, "done settled") == 1
    })
    .await;
    // `LateIgnored` takes the first one, and for `Late` both are late.
    settle(app, 1, "money").await;
    let listed = until_parked(app).await;
    let why = listed[0].error.as_deref().unwrap();
    assert!(
        why.contains("`settled` of saga `late`, instance `1`, came too late: the wait has ended"),
        "{why}"
    );
    until(app, "late-ignored", 1, SagaStatus::Completed).await;
    app.parked().discard(&listed[0], "paid back by hand").await.unwrap();
    place(app, 1, "placed").await;
    until(app, "late", 1, SagaStatus::Completed).await;
    settle(app, 1, "again").await;
    let listed = until_parked(app).await;
    let why = listed[0].error.as_deref().unwrap();
    assert!(why.contains("came too late: the instance has ended"), "{why}");
    assert_eq!(listed.len(), 1, "the other saga has said that it does not care");
    running.stop().await;
}
