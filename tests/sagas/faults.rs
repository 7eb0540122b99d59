//! What the engine itself cannot do says nothing of whether a step was done.

mod blocking;
mod releases;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use super::outside::{Answer, Outside};
use super::rows::Row;
use super::world::{Running, World, log, show, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_an_output_that_cannot_be_written_is_an_unknown_outcome_before_the_pivot
    p5_an_output_that_cannot_be_read_back_is_an_unknown_outcome
    p5_an_output_that_cannot_be_written_parks_after_the_pivot
    p5_an_output_that_this_release_cannot_read_parks_and_compensates_nothing
    p5_a_panic_of_what_makes_a_command_is_an_unknown_outcome
    p5_a_panic_when_the_time_of_a_wait_is_over_parks_and_the_wait_stays
    p5_a_step_that_ends_its_process_is_given_up_after_its_attempts
    p5_an_undo_that_ends_its_process_parks_after_its_attempts
    p5_a_shutdown_costs_no_attempt
    p5_a_pause_without_an_end_waits
    p5_a_pause_beyond_within_gives_up_at_once
    p5_a_step_is_told_when_its_process_loses_the_instance
}

/// The words that were read once.
static READ_ONCE: std::sync::Mutex<std::collections::BTreeSet<String>> =
    std::sync::Mutex::new(std::collections::BTreeSet::new());

/// What it is cannot be written, or cannot be read, as its word says.
#[derive(Clone, Debug, PartialEq, Schema)]
struct Receipt(String);

impl Serialize for Receipt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_str() {
            "unwritable" => Err(serde::ser::Error::custom("no receipt")),
            word => serializer.serialize_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for Receipt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "unreadable" => Err(serde::de::Error::custom("what a word")),
            // Read back by the release that writes it, and by no later one.
            word if word.starts_with("forgotten") && !READ_ONCE.lock().unwrap().insert(word.to_owned()) => {
                Err(serde::de::Error::custom("what a word"))
            }
            word => Ok(Self(word.to_owned())),
        }
    }
}

/// Its receipts are as its words say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "receipts", version = 1, id = id)]
struct Receipts {
    id: u64,
    before: String,
    after: String,
    command: String,
}

#[saga(services = Outside, retry(attempts = 2, backoff = "1ms..5ms"))]
impl Receipts {
    #[step(undo = refund)]
    async fn charge(&self, cx: &StepContext<Outside>) -> Result<Receipt, StepError> {
        cx.services().call(cx, "charge").await?;
        Ok(Receipt(self.before.clone()))
    }
    #[undo]
    async fn refund(&self, cx: &StepContext<Outside>, charge: Option<&Receipt>) -> Result<(), StepError> {
        cx.services().call(cx, if charge.is_some() { "refund" } else { "refund?" }).await.map(drop)
    }

    #[send(undo = take_back)]
    fn note(&self, charge: &Receipt) -> super::lot::Note {
        assert!(!self.command.starts_with("panic"), "no command for {charge:?}");
        super::lot::Note { id: self.id, word: self.command.clone() }
    }
    #[undo]
    fn take_back(&self) -> super::lot::Note {
        super::lot::Note { id: self.id, word: "taken back".to_owned() }
    }

    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>) -> Result<Receipt, StepError> {
        cx.services().call(cx, "ship").await?;
        Ok(Receipt(self.after.clone()))
    }
}

fn receipts(id: u64, before: &str, command: &str, after: &str) -> Receipts {
    Receipts { id, before: before.to_owned(), after: after.to_owned(), command: command.to_owned() }
}

async fn run<H: Home>(world: &World<H>) -> Running {
    let builder = world.builder().await.aggregate::<super::lot::Lot>();
    let builder =
        builder.saga::<Receipts>(Arc::clone(&world.outside)).saga::<Row>(Arc::clone(&world.outside));
    let builder =
        builder.saga::<Watched>(Arc::clone(&world.outside)).saga::<Alarm>(Arc::clone(&world.outside));
    Running::new(builder.build().await.expect("it fits together"))
}

/// Fails without `sagas.unwritten-output`: see tests/guards.
async fn p5_an_output_that_cannot_be_written_is_an_unknown_outcome_before_the_pivot<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    running.app.start(receipts(1, "unwritable", "good", "good")).await.unwrap();
    let whole = until(&running.app, "receipts", 1, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(1), ["charge", "refund?"]);
    assert_eq!((times(&whole, "unknown charge"), times(&whole, "failed charge")), (1, 0), "{whole:#?}");
    running.stop().await;
}

/// It is read back before it is stored, as an event is (P9).
async fn p5_an_output_that_cannot_be_read_back_is_an_unknown_outcome<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    running.app.start(receipts(1, "unreadable", "good", "good")).await.unwrap();
    let whole = until(&running.app, "receipts", 1, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(1), ["charge", "refund?"]);
    assert_eq!((times(&whole, "unknown charge"), times(&whole, "failed charge")), (1, 0), "{whole:#?}");
    running.stop().await;
}

async fn p5_an_output_that_cannot_be_written_parks_after_the_pivot<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    running.app.start(receipts(1, "good", "good", "unwritable")).await.unwrap();
    let whole = until(&running.app, "receipts", 1, SagaStatus::Parked).await;
    assert_eq!(world.outside.asked(1), ["charge", "ship"]);
    assert_eq!((times(&whole, "unknown ship"), times(&whole, "failed ship")), (1, 0), "{whole:#?}");
    running.stop().await;
}

/// Fails without `sagas.unreadable-output`: see tests/guards.
async fn p5_an_output_that_this_release_cannot_read_parks_and_compensates_nothing<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    let word = format!("forgotten {}", uuid::Uuid::now_v7());
    running.app.start(receipts(1, &word, "good", "good")).await.unwrap();
    let whole = until(&running.app, "receipts", 1, SagaStatus::Parked).await;
    assert!(whole.record.reason.as_deref().unwrap().contains("cannot be read: what a word"), "{whole:#?}");
    assert_eq!(whole.record.step.as_deref(), Some("note"));
    assert_eq!(world.outside.asked(1), ["charge"]);
    // Asked to go on, it finds the same; cancelled, its way back stops at what it cannot read.
    let handle = running.app.sagas().instance("receipts", "1");
    handle.retry().await.unwrap();
    until_seen(&running.app, "receipts", 1, "parked again", |whole| times(whole, "parked") == 2).await;
    handle.cancel("it cannot be read").await.unwrap();
    let whole = until_seen(&running.app, "receipts", 1, "stuck", |whole| times(whole, "parked") == 3).await;
    assert_eq!((times(&whole, "undo_failed charge"), &*whole.record.status.to_string()), (1, "parked"));
    handle.skip("charge", "refunded by hand").await.unwrap();
    until(&running.app, "receipts", 1, SagaStatus::Compensated).await;
    running.stop().await;
}

/// Fails without `sagas.command-panic`: see tests/guards.
async fn p5_a_panic_of_what_makes_a_command_is_an_unknown_outcome<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    running.app.start(receipts(1, "good", "panic", "good")).await.unwrap();
    let whole = until(&running.app, "receipts", 1, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(1), ["charge", "refund"]);
    assert_eq!((times(&whole, "intent note"), times(&whole, "unknown note")), (1, 1), "{whole:#?}");
    assert_eq!(super::lot::notes(&running.app, 1).await, ["taken back"]);
    running.stop().await;
}

/// Goes on without its event, if it can.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "alarm", version = 1, id = id)]
struct Alarm {
    id: u64,
}

#[saga(services = Outside)]
impl Alarm {
    #[step(pivot)]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "begin").await
    }
    #[wait(timeout = "40ms", on_timeout = ring)]
    fn settled(event: &Recorded<super::lot::Settled>) -> Correlated<u64, String> {
        let id = event.stream().id().parse();
        id.map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
    }
    fn ring(&self) -> String {
        panic!("the bell is broken")
    }
    #[step]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

/// Fails without `sagas.timeout-panic`: see tests/guards.
async fn p5_a_panic_when_the_time_of_a_wait_is_over_parks_and_the_wait_stays<H: Home>(home: H) {
    let world = World::new(home);
    let running = run(&world).await;
    running.app.start(Alarm { id: 1 }).await.unwrap();
    let whole = until(&running.app, "alarm", 1, SagaStatus::Parked).await;
    assert!(whole.record.reason.as_deref().unwrap().contains("the bell is broken"), "{whole:#?}");
    running.app.sagas().instance("alarm", "1").retry().await.unwrap();
    let whole = until_seen(&running.app, "alarm", 1, "parked again", |it| times(it, "parked") == 2).await;
    assert_eq!(times(&whole, "waiting settled"), 1, "{whole:#?}");
    // Its event still ends it.
    running.app.execute(super::lot::Settle { id: 1, word: "settled".to_owned() }).await.unwrap();
    until_seen(&running.app, "alarm", 1, "told", |whole| {
        whole.messages.iter().any(|it| it.event_id.is_some())
    })
    .await;
    running.app.sagas().instance("alarm", "1").retry().await.unwrap();
    until(&running.app, "alarm", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["begin", "settled"]);
    running.stop().await;
}

/// Fails without `sagas.last-attempt`: see tests/guards.
async fn p5_a_step_that_ends_its_process_is_given_up_after_its_attempts<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.plan("two", &vec![Answer::Hang; 20]);
    let mut running = run(&world).await;
    running.app.start(Row { id: 1 }).await.unwrap();
    for attempt in 1..=3 {
        world.outside.until(1, "two", attempt).await;
        running.crash().await;
        running = run(&world).await;
    }
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    assert_eq!((times(&whole, "intent two"), times(&whole, "unknown two")), (3, 1), "{whole:#?}");
    assert_eq!(world.outside.asked(1), ["one", "two", "two", "two", "undo two?", "undo one"]);
    running.stop().await;
}

async fn p5_an_undo_that_ends_its_process_parks_after_its_attempts<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.plan("judge", &[Answer::Fail]);
    world.outside.plan("undo four", &vec![Answer::Hang; 20]);
    let mut running = run(&world).await;
    running.app.start(Row { id: 1 }).await.unwrap();
    for attempt in 1..=3 {
        world.outside.until(1, "undo four", attempt).await;
        running.crash().await;
        running = run(&world).await;
    }
    let whole = until(&running.app, "row", 1, SagaStatus::Parked).await;
    assert_eq!((times(&whole, "undo_intent four"), times(&whole, "undo_failed four")), (3, 1), "{whole:#?}");
    running.stop().await;
}

/// Fails without `sagas.cut-uncounted`: see tests/guards.
async fn p5_a_shutdown_costs_no_attempt<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("two", &vec![Answer::UntilCancelled; 5]);
    let mut running = run(&world).await;
    running.app.start(Row { id: 1 }).await.unwrap();
    for attempt in 1..=5 {
        world.outside.until(1, "two", attempt).await;
        running.stop().await;
        running = run(&world).await;
    }
    until(&running.app, "row", 1, SagaStatus::Completed).await;
    let attempts: Vec<_> =
        world.outside.calls(1).into_iter().filter(|it| it.effect == "two").map(|it| it.attempt).collect();
    assert_eq!(attempts, [1; 6]);
    running.stop().await;
}

/// Fails without `sagas.longest-pause`: see tests/guards.
async fn p5_a_pause_without_an_end_waits<H: Home>(home: H) {
    let world = World::new(home);
    for (id, after) in
        [(1, Duration::MAX), (2, Duration::from_secs(999_999_999_999)), (3, Duration::from_secs(1 << 40))]
    {
        world.outside.plan_of(id, "judge", &[Answer::RetryAfter(after)]);
    }
    let running = run(&world).await;
    for id in [1, 2, 3] {
        running.app.start(Row { id }).await.unwrap();
        until_seen(&running.app, "row", id, "paused", |whole| {
            times(whole, "retry judge") == 1 && whole.record.owner.is_none()
        })
        .await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for id in [1, 2, 3] {
        let whole = show(&running.app, "row", id).await;
        assert_eq!(times(&whole, "intent judge"), 1, "{whole:#?}");
        assert!(whole.record.due_at.unwrap() > whole.record.updated_at + Duration::from_secs(86_400 * 365));
        // The operator need not wait for it.
        running.app.sagas().instance("row", id.to_string()).retry().await.unwrap();
        until(&running.app, "row", id, SagaStatus::Completed).await;
    }
    running.stop().await;
}

async fn p5_a_pause_beyond_within_gives_up_at_once<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("watch", &[Answer::RetryAfter(Duration::MAX)]);
    let running = run(&world).await;
    running.app.start(Watched { id: 1 }).await.unwrap();
    until(&running.app, "watched", 1, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(1), ["watch", "undo watch?"]);
    running.stop().await;
}

/// Its step works in a task that watches the token, as it is told to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "watched", version = 1, id = id)]
struct Watched {
    id: u64,
}

#[saga(services = Outside)]
impl Watched {
    #[step(undo = undo_watch, retry(within = "1h", attempts = 3, backoff = "1ms..5ms"), timeout = "60s")]
    async fn watch(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        let cancelled = cx.cancelled().clone();
        let told = cx.services().told();
        drop(tokio::spawn(async move {
            cancelled.cancelled().await;
            told.cancel();
        }));
        cx.services().call(cx, "watch").await
    }
    #[undo]
    async fn undo_watch(&self, cx: &StepContext<Outside>, watch: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, if watch.is_some() { "undo watch" } else { "undo watch?" }).await.map(drop)
    }
}

/// Fails without `sagas.told-lost`: see tests/guards.
async fn p5_a_step_is_told_when_its_process_loses_the_instance<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.plan("watch", &[Answer::Hang]);
    let running = run(&world).await;
    running.app.start(Watched { id: 1 }).await.unwrap();
    world.outside.until(1, "watch", 1).await;
    let told = world.outside.told();
    assert!(!told.is_cancelled());
    running.crash().await;
    super::in_time("the step to be told", told.cancelled()).await;
    // One that has come to its end is left alone.
    let running = run(&world).await;
    let whole = until(&running.app, "watched", 1, SagaStatus::Completed).await;
    assert_eq!(log(&whole).iter().collect::<BTreeSet<_>>().len(), 3, "{whole:#?}");
    running.stop().await;
}
