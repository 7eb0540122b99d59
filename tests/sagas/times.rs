//! Timers: events that race with them, and those that are due while everything is down.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use super::lot::{Lot, Settle, Settled};
use super::outside::{Answer, Outside};
use super::world::{Running, World, log, show, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_35_an_event_and_a_timeout_at_the_same_moment_one_wins
    p5_trap_35_a_timeout_due_while_everything_was_down_fires_once
    p5_trap_35_a_timeout_of_a_finished_step_never_fires
    p5_trap_35_a_retry_due_while_everything_was_down_is_made_once
    p5_a_deadline_compensates_what_has_not_reached_its_pivot
}

/// Waits for an event for a while, then goes on with what came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "race", version = 1, id = id)]
pub(super) struct Race {
    pub(super) id: u64,
}

#[saga(services = Outside)]
impl Race {
    #[wait(timeout = "60ms", on_timeout = nothing)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        event
            .stream()
            .id()
            .parse()
            .map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
    }
    fn nothing(&self) -> String {
        "timeout".to_owned()
    }

    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

/// Waits for an event, or fails; the next step takes its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "patience", version = 1, id = id)]
pub(super) struct Patience {
    pub(super) id: u64,
}

#[saga(services = Outside, deadline = "24h")]
impl Patience {
    #[step(undo = undo_begin)]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "begin").await
    }
    #[undo]
    async fn undo_begin(&self, cx: &StepContext<Outside>, _begun: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "undo begin").await.map(drop)
    }

    #[wait(timeout = "1s", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        event
            .stream()
            .id()
            .parse()
            .map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
    }

    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "finish").await
    }
}

/// Has to be done soon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "haste", version = 1, id = id)]
pub(super) struct Haste {
    pub(super) id: u64,
}

#[saga(services = Outside, deadline = "400ms")]
impl Haste {
    #[step(undo = undo_begin, retry(forever, backoff = "5ms..20ms"))]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "begin").await
    }
    #[undo]
    async fn undo_begin(&self, cx: &StepContext<Outside>, begun: Option<&String>) -> Result<(), StepError> {
        let effect = if begun.is_some() { "undo begin" } else { "undo begin?" };
        cx.services().call(cx, effect).await.map(drop)
    }

    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "finish").await
    }
    #[step]
    async fn after(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "after").await
    }
}

async fn app<H: Home>(world: &World<H>) -> Kenning {
    let builder = world.builder().await.aggregate::<Lot>();
    let builder =
        builder.saga::<Race>(Arc::clone(&world.outside)).saga::<Patience>(Arc::clone(&world.outside));
    builder.saga::<Haste>(Arc::clone(&world.outside)).build().await.expect("it fits together")
}

/// Waits until the wait has begun; on a busy machine it may be over already.
async fn waits(app: &Kenning, id: u64) {
    until_seen(app, "patience", id, "waiting", |whole| times(whole, "waiting settled") == 1).await;
}

async fn settle(app: &Kenning, id: u64) {
    app.execute(Settle { id, word: "event".to_owned() }).await.unwrap();
}

/// Many at once, with two processes that run them, and the events at about the moment at which the timers are due; again, until both have won: the moments have met.
async fn p5_trap_35_an_event_and_a_timeout_at_the_same_moment_one_wins<H: Home>(home: H) {
    const INSTANCES: u64 = 60;
    let world = World::new(home);
    let processes = [Running::new(app(&world).await), Running::new(app(&world).await)];
    let mut won = [0, 0];
    for round in 0..20 {
        let ids = round * INSTANCES..(round + 1) * INSTANCES;
        let starts = ids.clone().map(|id| {
            let app = processes[usize::from(id % 2 == 0)].app.clone();
            tokio::spawn(async move {
                app.start(Race { id }).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2 * (id % INSTANCES))).await;
                settle(&app, id).await;
            })
        });
        super::in_time("the events", futures_util::future::join_all(starts)).await;
        for id in ids {
            let whole = until(&processes[0].app, "race", id, SagaStatus::Completed).await;
            let expected = ["waiting settled", "done settled", "intent finish", "done finish", "completed"];
            assert_eq!(log(&whole), expected);
            let effects = world.outside.asked(id);
            assert_eq!(effects.len(), 1, "one wins: {effects:?}");
            won[usize::from(effects[0] == "event")] += 1;
            let output = whole.log[1].entry.output.as_ref().unwrap();
            let recorded = format!("\"{}\"", effects[0]);
            assert_eq!(output.as_str(), recorded, "what was recorded is what was gone on with");
        }
        if round > 0 && won.iter().all(|won| *won > 0) {
            break;
        }
    }
    assert!(won.iter().all(|won| *won > 0), "{won:?}");
    for process in processes {
        process.stop().await;
    }
}

async fn p5_trap_35_a_timeout_due_while_everything_was_down_fires_once<H: Home>(home: H) {
    let world = World::new(home);
    let running = Running::new(app(&world).await);
    for id in 0..10 {
        running.app.start(Patience { id }).await.unwrap();
    }
    for id in 0..10 {
        waits(&running.app, id).await;
    }
    running.stop().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let processes = [Running::new(app(&world).await), Running::new(app(&world).await)];
    for id in 0..10 {
        let whole = until(&processes[0].app, "patience", id, SagaStatus::Compensated).await;
        assert_eq!((times(&whole, "timed_out settled"), times(&whole, "undone begin")), (1, 1), "{whole:#?}");
        assert_eq!(world.outside.asked(id), ["begin", "undo begin"]);
        assert_eq!(
            whole.record.reason.as_deref(),
            Some("`settled` has failed: the event did not come in time")
        );
    }
    for process in processes {
        process.stop().await;
    }
}

async fn p5_trap_35_a_timeout_of_a_finished_step_never_fires<H: Home>(home: H) {
    let world = World::new(home);
    let go = kenning::CancellationToken::new();
    world.outside.plan("finish", &[Answer::Until(go.clone())]);
    let running = Running::new(app(&world).await);
    running.app.start(Patience { id: 1 }).await.unwrap();
    waits(&running.app, 1).await;
    settle(&running.app, 1).await;
    world.outside.until(1, "finish", 1).await;
    // The wait's time is over while the next step runs.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(show(&running.app, "patience", 1).await.record.status, SagaStatus::Running);
    go.cancel();
    let whole = until(&running.app, "patience", 1, SagaStatus::Completed).await;
    assert_eq!(times(&whole, "timed_out settled"), 0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(show(&running.app, "patience", 1).await, whole, "nothing is written after the end");
    running.stop().await;
}

async fn p5_trap_35_a_retry_due_while_everything_was_down_is_made_once<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.plan("begin", &[Answer::RetryAfter(Duration::from_millis(300))]);
    let running = Running::new(app(&world).await);
    running.app.start(Patience { id: 1 }).await.unwrap();
    let whole =
        until_seen(&running.app, "patience", 1, "paused", |whole| times(whole, "retry begin") == 1).await;
    let given_away =
        until_seen(&running.app, "patience", 1, "given away", |whole| whole.record.owner.is_none()).await;
    let due = given_away.record.due_at.unwrap() - whole.log[0].at;
    assert!(due >= Duration::from_millis(299), "{due}");
    running.crash().await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    let processes = [Running::new(app(&world).await), Running::new(app(&world).await)];
    waits(&processes[0].app, 1).await;
    assert_eq!(world.outside.asked(1).iter().filter(|asked| *asked == "begin").count(), 2);
    for process in processes {
        process.stop().await;
    }
}

async fn p5_a_deadline_compensates_what_has_not_reached_its_pivot<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan_of(1, "begin", &vec![Answer::Retry; 1_000]);
    world.outside.plan_of(2, "after", &[Answer::Pause(Duration::from_millis(600))]);
    let running = Running::new(app(&world).await);
    for id in [1, 2] {
        running.app.start(Haste { id }).await.unwrap();
    }
    let whole = until(&running.app, "haste", 1, SagaStatus::Compensated).await;
    assert_eq!(whole.record.reason.as_deref(), Some("the deadline has passed"));
    let asked = world.outside.asked(1);
    assert_eq!(
        (asked.last().unwrap().as_str(), asked.iter().filter(|it| *it == "undo begin?").count()),
        ("undo begin?", 1)
    );
    // Past its pivot it takes as long as it takes.
    until(&running.app, "haste", 2, SagaStatus::Completed).await;
    running.stop().await;
}
