//! Attempts: pauses, limits, heartbeats, and steps that are told that nobody waits for them.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::{SagaEntryKind, SagaStatus, SagaWhole};

use super::outside::{Answer, Outside};
use super::world::{Running, World, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_an_attempt_without_an_outcome_in_time_is_made_again
    p5_heartbeats_keep_a_long_attempt_alive
    p5_no_attempt_is_made_after_within
    a_step_may_say_when_it_is_tried_again
    p5_a_step_of_a_failed_saga_is_told_so_and_its_outcome_counts
}

/// Two steps beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "pair", version = 1, id = id)]
pub(super) struct Pair {
    pub(super) id: u64,
}

#[saga(services = Outside, timeout = "150ms")]
impl Pair {
    #[step(undo = undo_one, after(), retry(attempts = 3, backoff = "1ms..5ms"))]
    async fn one(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "one").await
    }
    #[undo]
    async fn undo_one(&self, cx: &StepContext<Outside>, one: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, if one.is_some() { "undo one" } else { "undo one?" }).await.map(drop)
    }

    #[step(undo = undo_other, after(), timeout = "10s", retry(forever, backoff = "40ms..40ms"))]
    async fn other(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "other").await
    }
    #[undo]
    async fn undo_other(&self, cx: &StepContext<Outside>, other: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, if other.is_some() { "undo other" } else { "undo other?" }).await.map(drop)
    }

    #[step(undo = undo_last, after(one, other), retry(within = "300ms", attempts = 1000, backoff = "20ms..20ms"))]
    async fn last(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "last").await
    }
    #[undo]
    async fn undo_last(&self, cx: &StepContext<Outside>, last: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, if last.is_some() { "undo last" } else { "undo last?" }).await.map(drop)
    }
}

async fn running<H: Home>(world: &World<H>) -> Running {
    let builder = world.builder().await.saga::<Pair>(Arc::clone(&world.outside));
    Running::new(builder.build().await.expect("it fits together"))
}

/// When something was recorded of a step.
fn moments(whole: &SagaWhole, kind: SagaEntryKind, step: &str) -> Vec<OffsetDateTime> {
    let of = whole.log.iter().filter(|one| one.entry.kind == kind && one.entry.step.as_deref() == Some(step));
    of.map(|entry| entry.at).collect()
}

async fn p5_an_attempt_without_an_outcome_in_time_is_made_again<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("one", &[Answer::Hang, Answer::DoneAndHang]);
    let running = running(&world).await;
    running.app.start(Pair { id: 1 }).await.unwrap();
    let whole = until(&running.app, "pair", 1, SagaStatus::Completed).await;
    let calls: Vec<_> = world.outside.calls(1).into_iter().filter(|call| call.effect == "one").collect();
    assert_eq!((calls.len(), calls[0].key == calls[1].key, calls[1].key == calls[2].key), (3, true, true));
    let late = whole.log.iter().find(|entry| entry.entry.kind == SagaEntryKind::Retry).unwrap();
    assert_eq!(late.entry.text.as_deref(), Some("there was no outcome within 150ms"));
    running.stop().await;
}

async fn p5_heartbeats_keep_a_long_attempt_alive<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("one", &[Answer::Beats(8, Duration::from_millis(40))]);
    let running = running(&world).await;
    running.app.start(Pair { id: 1 }).await.unwrap();
    let whole = until(&running.app, "pair", 1, SagaStatus::Completed).await;
    let (intent, done) =
        (moments(&whole, SagaEntryKind::Intent, "one"), moments(&whole, SagaEntryKind::Done, "one"));
    // On a busy machine a beat may come too late; then it is another attempt that succeeds.
    if intent.len() == 1 {
        assert!(done[0] - intent[0] >= Duration::from_millis(320), "longer than its timeout");
    }
    running.stop().await;
}

async fn p5_no_attempt_is_made_after_within<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("last", &vec![Answer::Retry; 1_000]);
    let running = running(&world).await;
    running.app.start(Pair { id: 1 }).await.unwrap();
    let whole = until(&running.app, "pair", 1, SagaStatus::Compensated).await;
    let begun = moments(&whole, SagaEntryKind::Intent, "last");
    assert!(begun.len() > 1, "it was tried again");
    // What is promised is when an attempt is due; a busy machine may be late by as much as it likes.
    assert!(begun.len() <= 31, "{} attempts with pauses of 10 ms at least in 300 ms", begun.len());
    assert_eq!(
        world
            .outside
            .effects(1)
            .last()
            .map(String::as_str)
            .map(|last| last == "undo one" || last == "undo other"),
        Some(true)
    );
    assert!(world.outside.asked(1).contains(&"undo last?".to_owned()));
    running.stop().await;
}

async fn a_step_may_say_when_it_is_tried_again<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("one", &[Answer::RetryAfter(Duration::from_millis(250))]);
    world.outside.plan("other", &[Answer::Retry, Answer::Retry]);
    let running = running(&world).await;
    running.app.start(Pair { id: 1 }).await.unwrap();
    let whole = until(&running.app, "pair", 1, SagaStatus::Completed).await;
    // From one attempt to the next: a failure is recorded later than it was seen.
    let pause = |step: &str, nth: usize| {
        let begun = moments(&whole, SagaEntryKind::Intent, step);
        begun[nth + 1] - begun[nth]
    };
    assert!(pause("one", 0) >= Duration::from_millis(249), "{}", pause("one", 0));
    for nth in 0..2 {
        assert!(pause("other", nth) >= Duration::from_millis(19), "{}", pause("other", nth));
    }
    // While one pauses the other goes on.
    assert!(moments(&whole, SagaEntryKind::Done, "other") < moments(&whole, SagaEntryKind::Done, "one"));
    running.stop().await;
}

/// One step fails while the other runs: that is told, comes to its end, and is undone like any other, with what it has returned or with nothing.
async fn p5_a_step_of_a_failed_saga_is_told_so_and_its_outcome_counts<H: Home>(home: H) {
    let world = World::new(home);
    let running = running(&world).await;
    world.outside.plan("one", &[Answer::Fail, Answer::Fail]);
    world.outside.plan_of(1, "other", &[Answer::UntilCancelled]);
    world.outside.plan_of(2, "other", &[Answer::Pause(Duration::from_millis(100))]);
    for (id, undo) in [(1, "undo other?"), (2, "undo other")] {
        running.app.start(Pair { id }).await.unwrap();
        let whole = until(&running.app, "pair", id, SagaStatus::Compensated).await;
        assert_eq!(world.outside.asked(id).last().map(String::as_str), Some(undo), "{whole:#?}");
        assert_eq!(whole.record.reason.as_deref(), Some("`one` has failed: no"));
    }
    running.stop().await;
}
