//! An operator always has a way out, and every request has an answer in the log.

use std::sync::Arc;

use kenning::CancellationToken;
use kenning::prelude::*;
use kenning::saga::{SagaError, SagaHandle};
use kenning::store::{SagaEntryKind, SagaStatus, SagaWhole};

use super::lot::{Lot, Note, Settled, notes};
use super::outside::{Answer, Outside};
use super::world::{Running, World, log, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_a_pivot_that_is_tried_for_ever_can_be_parked_and_skipped_with_an_output
    p5_a_retry_that_is_not_due_yet_is_made_when_an_operator_says_so
    p5_a_wait_can_be_skipped_with_what_it_is_to_bring
    p5_a_skip_without_an_output_that_later_steps_may_take_is_refused
    p5_a_rejected_command_of_the_failed_saga_can_be_given_up
    p5_an_instance_can_be_terminated_at_every_step
    p5_an_attempt_that_runs_is_told_that_its_instance_was_parked
    p5_a_request_to_an_instance_that_has_ended_is_refused_in_its_log
}

/// Waits, ships, and labels what was shipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "parcel", version = 1, id = id)]
struct Parcel {
    id: u64,
}

/// What a carrier says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Shipment {
    number: u64,
}

#[saga(services = Outside, undo_retry(forever, backoff = "1ms..5ms"))]
impl Parcel {
    #[step(undo = unpack)]
    async fn pack(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "pack").await
    }
    #[undo]
    async fn unpack(&self, cx: &StepContext<Outside>, _pack: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "unpack").await.map(drop)
    }

    #[wait(timeout = "24h", on_timeout = fail)]
    fn paid(event: &Recorded<Settled>) -> Correlated<u64, u64> {
        let id = event.stream().id().parse();
        id.map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.len() as u64))
    }

    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>, paid: &u64) -> Result<Shipment, StepError> {
        cx.services().call(cx, "ship").await?;
        Ok(Shipment { number: *paid })
    }

    #[step]
    async fn label(&self, cx: &StepContext<Outside>, ship: &Shipment) -> Result<String, StepError> {
        cx.services().call(cx, &format!("label {}", ship.number)).await
    }

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> Note {
        Note { id: self.id, word: format!("bad news: {}", failure.reason) }
    }
}

async fn run<H: Home>(world: &World<H>) -> Running {
    let builder = world.builder().await.aggregate::<Lot>().saga::<Parcel>(Arc::clone(&world.outside));
    Running::new(builder.build().await.expect("it fits together"))
}

fn parcel(running: &Running, id: u64) -> SagaHandle {
    running.app.sagas().instance("parcel", id.to_string())
}

/// Started, packed, and waiting to be paid.
async fn waiting<H: Home>(world: &World<H>, id: u64) -> Running {
    let running = run(world).await;
    running.app.start(Parcel { id }).await.unwrap();
    until(&running.app, "parcel", id, SagaStatus::Waiting).await;
    running
}

fn refusals(whole: &SagaWhole) -> Vec<&str> {
    let entries = whole.log.iter().map(|entry| &entry.entry);
    entries.filter(|it| it.kind == SagaEntryKind::Refused).filter_map(|it| it.text.as_deref()).collect()
}

async fn refused(running: &Running, id: u64, times: usize) -> SagaWhole {
    until_seen(&running.app, "parcel", id, "refused", |whole| refusals(whole).len() == times).await
}

/// Fails without `sagas.skip-without-output` or `sagas.skip-reads`: see tests/guards.
async fn p5_a_pivot_that_is_tried_for_ever_can_be_parked_and_skipped_with_an_output<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("ship", &vec![Answer::Retry; 10_000]);
    let running = waiting(&world, 1).await;
    let handle = parcel(&running, 1);
    handle.skip_with("paid", &7, "paid in cash").await.unwrap();
    world.outside.until(1, "ship", 2).await;
    handle.cancel("too late").await.unwrap();
    let whole = refused(&running, 1, 1).await;
    assert!(
        refusals(&whole)[0].starts_with("`cancel` was refused: it is not known whether the pivot was done")
    );
    handle.park("the carrier is gone").await.unwrap();
    let whole = until(&running.app, "parcel", 1, SagaStatus::Parked).await;
    assert_eq!(whole.record.reason.as_deref(), Some("it was parked by an operator: the carrier is gone"));
    handle.skip("ship", "by bike").await.unwrap();
    handle.skip_with_json("ship", r#"{"number":"seven"}"#, "by bike").await.unwrap();
    let whole = refused(&running, 1, 3).await;
    assert!(refusals(&whole)[1].contains("skip it with an output"), "{whole:#?}");
    assert!(refusals(&whole)[2].contains("the output cannot be read as that of `ship`"), "{whole:#?}");
    let no_json = handle.skip_with_json("ship", "{number", "by bike").await.unwrap_err();
    assert!(matches!(&no_json, SagaError::Output { step, .. } if step == "ship"), "{no_json:?}");
    // PostgreSQL takes all of these; no release could read them.
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let large = format!("\"{}\"", "x".repeat(kenning::limits::MAX_PAYLOAD));
    for unreadable in ["1e999", r#""\ud800""#, &deep, &large] {
        let refused = handle.skip_with_json("ship", unreadable, "by bike").await.unwrap_err();
        assert!(matches!(refused, SagaError::Output { .. }), "{refused:?}");
    }
    handle.skip_with("ship", &Shipment { number: 12 }, "by bike").await.unwrap();
    let whole = until(&running.app, "parcel", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1).last().map(String::as_str), Some("label 12"));
    let skipped: Vec<_> = whole.log.iter().filter(|it| it.entry.kind == SagaEntryKind::Skipped).collect();
    assert_eq!(skipped[1].entry.text.as_deref(), Some("by bike"));
    let drawn = handle.mermaid().await.unwrap().unwrap();
    assert!(drawn.contains("skipped"), "{drawn}");
    running.stop().await;
}

async fn p5_a_retry_that_is_not_due_yet_is_made_when_an_operator_says_so<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("pack", &[Answer::RetryAfter(std::time::Duration::from_secs(3_600))]);
    let running = run(&world).await;
    running.app.start(Parcel { id: 1 }).await.unwrap();
    until_seen(&running.app, "parcel", 1, "paused", |whole| times(whole, "retry pack") == 1).await;
    parcel(&running, 1).retry().await.unwrap();
    until(&running.app, "parcel", 1, SagaStatus::Waiting).await;
    // Nothing pauses any more.
    parcel(&running, 1).retry().await.unwrap();
    let whole = refused(&running, 1, 1).await;
    assert_eq!(refusals(&whole), ["`retry` was refused: it is not parked"]);
    running.stop().await;
}

/// On commit 8592927 this test fails: the saga that was to go on is compensated.
async fn p5_a_wait_can_be_skipped_with_what_it_is_to_bring<H: Home>(home: H) {
    let world = World::new(home);
    let running = waiting(&world, 1).await;
    parcel(&running, 1).skip_with("paid", &3, "paid in cash").await.unwrap();
    until(&running.app, "parcel", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["pack", "ship", "label 3"]);
    running.stop().await;
}

async fn p5_a_skip_without_an_output_that_later_steps_may_take_is_refused<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("label 3", &[Answer::Fail]);
    let running = waiting(&world, 1).await;
    let handle = parcel(&running, 1);
    handle.skip("paid", "paid in cash").await.unwrap();
    let whole = refused(&running, 1, 1).await;
    assert_eq!(whole.record.status, SagaStatus::Waiting);
    handle.skip_with("paid", &3, "paid in cash").await.unwrap();
    // The last step gives nothing to others.
    until(&running.app, "parcel", 1, SagaStatus::Parked).await;
    handle.skip("label", "written by hand").await.unwrap();
    until(&running.app, "parcel", 1, SagaStatus::Completed).await;
    running.stop().await;
}

/// On commit 8592927 this test fails: it is parked for ever.
async fn p5_a_rejected_command_of_the_failed_saga_can_be_given_up<H: Home>(home: H) {
    let world = World::new(home);
    let running = waiting(&world, 1).await;
    let handle = parcel(&running, 1);
    handle.give_up_failure_command("too early").await.unwrap();
    refused(&running, 1, 1).await;
    handle.cancel("never mind").await.unwrap();
    let whole = until(&running.app, "parcel", 1, SagaStatus::Parked).await;
    assert!(whole.record.reason.as_deref().unwrap().contains("is not wanted"), "{whole:#?}");
    handle.give_up_failure_command("told by phone").await.unwrap();
    let whole = until(&running.app, "parcel", 1, SagaStatus::Compensated).await;
    assert_eq!(log(&whole)[log(&whole).len() - 3..], ["skipped", "resumed", "compensated"]);
    assert_eq!(whole.record.reason.as_deref(), Some("it was cancelled: never mind"));
    assert_eq!(notes(&running.app, 1).await, Vec::<String>::new());
    running.stop().await;
}

async fn p5_an_instance_can_be_terminated_at_every_step<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan_of(2, "pack", &vec![Answer::Hang; 9]);
    world.outside.plan_of(3, "ship", &vec![Answer::Retry; 10_000]);
    world.outside.plan_of(4, "unpack", &vec![Answer::Retry; 10_000]);
    let running = waiting(&world, 1).await;
    for id in 2..=4 {
        running.app.start(Parcel { id }).await.unwrap();
    }
    world.outside.until(2, "pack", 1).await;
    for id in [3, 4] {
        until(&running.app, "parcel", id, SagaStatus::Waiting).await;
    }
    parcel(&running, 3).skip_with("paid", &3, "paid in cash").await.unwrap();
    world.outside.until(3, "ship", 2).await;
    parcel(&running, 4).cancel("never mind").await.unwrap();
    world.outside.until(4, "unpack", 2).await;
    for id in 1..=4 {
        parcel(&running, id).terminate("the shop is closed").await.unwrap();
        let whole = until(&running.app, "parcel", id, SagaStatus::Compensated).await;
        assert_eq!(
            whole.record.reason.as_deref(),
            Some("it was terminated by an operator: the shop is closed")
        );
        let last = whole.log.last().unwrap().entry.text.clone().unwrap();
        assert!(last.ends_with("not undone: `pack`"), "{last}");
        assert_eq!(times(&whole, "skipped pack"), 1, "{:?}", log(&whole));
        assert_eq!(times(&whole, "failure_intent"), 0);
        assert_eq!(notes(&running.app, id).await, Vec::<String>::new());
    }
    running.stop().await;
}

async fn p5_an_attempt_that_runs_is_told_that_its_instance_was_parked<H: Home>(home: H) {
    let world = World::new(home);
    let go = CancellationToken::new();
    world.outside.plan_of(1, "pack", &[Answer::UntilCancelled]);
    world.outside.plan_of(2, "pack", &[Answer::Until(go.clone())]);
    let running = run(&world).await;
    for id in [1, 2] {
        running.app.start(Parcel { id }).await.unwrap();
        world.outside.until(id, "pack", 1).await;
        parcel(&running, id).skip_with("pack", &"by hand", "packed by hand").await.unwrap();
        let whole = refused(&running, id, 1).await;
        assert!(refusals(&whole)[0].contains("an attempt at this step runs"), "{whole:#?}");
        parcel(&running, id).park("let me see").await.unwrap();
        until(&running.app, "parcel", id, SagaStatus::Parked).await;
    }
    until_seen(&running.app, "parcel", 1, "told", |whole| times(whole, "retry pack") == 1).await;
    // What was done all the same counts.
    go.cancel();
    until_seen(&running.app, "parcel", 2, "done", |whole| times(whole, "done pack") == 1).await;
    for (id, calls) in [(1, 2), (2, 1)] {
        parcel(&running, id).park("again").await.unwrap();
        refused(&running, id, 2).await;
        parcel(&running, id).retry().await.unwrap();
        until(&running.app, "parcel", id, SagaStatus::Waiting).await;
        assert_eq!(world.outside.asked(id).len(), calls);
    }
    running.stop().await;
}

/// Meant to fail without `refuse_after_the_end`, and without `refused` in `request_saga.sql`:
/// nothing is in the log.
async fn p5_a_request_to_an_instance_that_has_ended_is_refused_in_its_log<H: Home>(home: H) {
    let world = World::new(home);
    let running = waiting(&world, 1).await;
    let handle = parcel(&running, 1);
    handle.terminate("the shop is closed").await.unwrap();
    until(&running.app, "parcel", 1, SagaStatus::Compensated).await;
    handle.terminate("once more").await.unwrap();
    handle.park("wait").await.unwrap();
    let whole = handle.show().await.unwrap().unwrap();
    let ended = "the instance has ended";
    let expected = [format!("`terminate` was refused: {ended}"), format!("`park` was refused: {ended}")];
    assert_eq!(refusals(&whole), expected);
    assert_eq!(whole.record.status, SagaStatus::Compensated);
    handle.forget().await.unwrap();
    assert!(matches!(handle.park("wait").await, Err(SagaError::NotFound { .. })));
    running.stop().await;
}
