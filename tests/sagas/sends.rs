//! Commands that sagas send: each has one effect, and what caused it can be told.

use std::sync::Arc;

use kenning::prelude::*;
use kenning::store::SagaStatus;

use super::lot::{Lot, LotEvent, Note, Place, Placed, notes};
use super::outside::{Answer, Outside};
use super::world::{Running, World, log, times, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p3_p6_a_command_that_is_sent_again_has_one_effect
    p5_a_command_rejected_before_the_pivot_compensates
    p5_a_command_rejected_after_the_pivot_parks_until_it_is_accepted
    p5_the_command_of_the_failed_saga_is_sent_once_when_all_is_undone
    p5_a_last_word_that_is_rejected_parks
    p12_a_saga_that_sends_to_an_aggregate_that_is_not_registered_is_not_built
    trap_47_correlation_and_causation_lead_from_the_event_to_the_command
}

/// Notes `before`, then passes its pivot, then notes `after`; when it has failed, the last word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "clerk", version = 1, id = id)]
pub(super) struct Clerk {
    pub(super) id: u64,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) last_word: String,
}

#[saga(services = Outside, retry(attempts = 2, backoff = "1ms..5ms"))]
impl Clerk {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Option<Self> {
        let id = event.stream().id().parse().ok()?;
        Some(clerk(id, "before", &event.word))
    }

    #[step(undo = undo_begin)]
    async fn begin(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "begin").await
    }
    #[undo]
    async fn undo_begin(&self, cx: &StepContext<Outside>, _begun: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "undo begin").await.map(drop)
    }

    #[send(undo = take_back)]
    fn note(&self) -> Note {
        Note { id: self.id, word: self.before.clone() }
    }
    #[undo]
    fn take_back(&self) -> Note {
        Note { id: self.id, word: format!("not {}", self.before) }
    }

    #[step(pivot)]
    async fn pass(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "pass").await
    }

    #[send]
    fn note_after(&self, begin: &String) -> Note {
        assert_eq!(*begin, format!("begin of {}", self.id));
        Note { id: self.id, word: self.after.clone() }
    }

    #[failed]
    fn give_up(&self, failure: &SagaFailure) -> Option<Note> {
        let word = format!("{}: {}", self.last_word, failure.reason);
        (self.last_word != "none").then_some(Note { id: self.id, word })
    }
}

fn clerk(id: u64, before: &str, after: &str) -> Clerk {
    Clerk { id, before: before.to_owned(), after: after.to_owned(), last_word: "failed".to_owned() }
}

async fn app<H: Home>(world: &World<H>) -> Kenning {
    let builder = world.builder().await.aggregate::<Lot>().saga::<Clerk>(Arc::clone(&world.outside));
    builder.build().await.expect("it fits together")
}

/// The process dies at moments that nobody has chosen, between the command and its record among others.
async fn p3_p6_a_command_that_is_sent_again_has_one_effect<H: Home>(home: H) {
    const INSTANCES: u64 = 20;
    let world = World::mortal(home);
    let mut running = Running::new(app(&world).await);
    for id in 0..INSTANCES {
        if id % 4 == 0 {
            world.outside.plan_of(id, "pass", &vec![Answer::Fail; 9]);
        }
        running.app.start(clerk(id, "before", "after")).await.unwrap();
    }
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(fastrand::u64(5..40))).await;
        running.crash().await;
        running = Running::new(app(&world).await);
    }
    let mut again = 0;
    for id in 0..INSTANCES {
        let end = if id % 4 == 0 { SagaStatus::Compensated } else { SagaStatus::Completed };
        let whole = until(&running.app, "clerk", id, end).await;
        let noted = notes(&running.app, id).await;
        if id % 4 == 0 {
            assert_eq!(noted, ["before", "not before", "failed: no"]);
        } else {
            assert_eq!(noted, ["before", "after"]);
        }
        again += times(&whole, "intent note")
            + times(&whole, "intent note_after")
            + times(&whole, "undo_intent note");
    }
    println!("{again} commands were begun for {}", INSTANCES / 4 * 7 + INSTANCES / 4);
    running.stop().await;
}

async fn p5_a_command_rejected_before_the_pivot_compensates<H: Home>(home: H) {
    let world = World::new(home);
    let running = Running::new(app(&world).await);
    running.app.start(clerk(1, "bad before", "after")).await.unwrap();
    let whole = until(&running.app, "clerk", 1, SagaStatus::Compensated).await;
    let reason = whole.record.reason.clone().unwrap();
    assert!(
        reason.starts_with("`note` has failed: ")
            && reason.ends_with("was rejected by `lot`: `bad before` is not wanted"),
        "{reason}"
    );
    assert_eq!(world.outside.asked(1), ["begin", "undo begin"]);
    // The rejected one was not sent: it is not taken back. Why is told in the end.
    let rejected = reason.strip_prefix("`note` has failed: ").unwrap();
    assert_eq!(notes(&running.app, 1).await, [format!("failed: {rejected}")]);
    running.stop().await;
}

async fn p5_a_command_rejected_after_the_pivot_parks_until_it_is_accepted<H: Home>(home: H) {
    let world = World::new(home);
    let running = Running::new(app(&world).await);
    running.app.start(clerk(1, "before", "bad after")).await.unwrap();
    let whole = until(&running.app, "clerk", 1, SagaStatus::Parked).await;
    let reason = whole.record.reason.clone().unwrap();
    assert!(
        reason.starts_with("there is no way back after the pivot: `note_after` has failed: "),
        "{reason}"
    );
    assert_eq!(whole.record.step.as_deref(), Some("note_after"));
    assert_eq!(world.outside.asked(1), ["begin", "pass"]);
    // There is no way back, and it says so.
    running.app.sagas().instance("clerk", "1").cancel("try").await.unwrap();
    super::world::until_seen(&running.app, "clerk", 1, "refused", |whole| times(whole, "refused") == 1).await;
    running.app.execute(Note { id: 1, word: "bad is good".to_owned() }).await.unwrap_err();
    for word in ["good", "after all"] {
        running.app.execute(Note { id: 1, word: word.to_owned() }).await.unwrap();
    }
    running.app.sagas().instance("clerk", "1").skip("note_after", "noted by hand").await.unwrap();
    until(&running.app, "clerk", 1, SagaStatus::Completed).await;
    assert_eq!(notes(&running.app, 1).await, ["before", "good", "after all"]);
    running.stop().await;
}

async fn p5_the_command_of_the_failed_saga_is_sent_once_when_all_is_undone<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("pass", &[Answer::Fail, Answer::Fail]);
    let running = Running::new(app(&world).await);
    running.app.start(clerk(1, "before", "after")).await.unwrap();
    let whole = until(&running.app, "clerk", 1, SagaStatus::Compensated).await;
    let back = [
        "compensating",
        "undo_intent note",
        "undone note",
        "undo_intent begin",
        "undone begin",
        "failure_intent",
        "failure_sent",
        "compensated",
    ];
    assert_eq!(log(&whole)[6..], back);
    assert_eq!(notes(&running.app, 1).await, ["before", "not before", "failed: no"]);
    // One that has nothing to say sends nothing.
    running.app.start(Clerk { last_word: "none".to_owned(), ..clerk(2, "before", "after") }).await.unwrap();
    until(&running.app, "clerk", 2, SagaStatus::Compensated).await;
    assert_eq!(notes(&running.app, 2).await, ["before", "not before"]);
    running.stop().await;
}

async fn p5_a_last_word_that_is_rejected_parks<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("begin", &[Answer::Fail]);
    let running = Running::new(app(&world).await);
    running
        .app
        .start(Clerk { last_word: "bad end".to_owned(), ..clerk(1, "before", "after") })
        .await
        .unwrap();
    let whole = until(&running.app, "clerk", 1, SagaStatus::Parked).await;
    let reason = whole.record.reason.clone().unwrap();
    assert!(
        reason.starts_with("everything is undone, but the command that says so was not accepted: "),
        "{reason}"
    );
    // Asked again it is sent again, and is rejected again.
    running.app.sagas().instance("clerk", "1").retry().await.unwrap();
    let again = super::world::until_seen(&running.app, "clerk", 1, "parked again", |whole| {
        times(whole, "parked") == 2
    })
    .await;
    assert_eq!(again.record.status, SagaStatus::Parked);
    running.stop().await;
}

/// Fails without `sagas.sends-registered`: see tests/guards.
async fn p12_a_saga_that_sends_to_an_aggregate_that_is_not_registered_is_not_built<H: Home>(home: H) {
    let world = World::new(home);
    let built = world.builder().await.saga::<Clerk>(Arc::clone(&world.outside)).build().await;
    let error = built.map(drop).expect_err("it is refused").to_string();
    assert!(error.contains("sends `Note` to `lot`, which is not registered"), "{error}");
}

async fn trap_47_correlation_and_causation_lead_from_the_event_to_the_command<H: Home>(home: H) {
    let world = World::new(home);
    let running = Running::new(app(&world).await);
    let (conversation, command) = (Uuid::now_v7(), Uuid::now_v7());
    running
        .app
        .execute(Place { id: 1, word: "after".to_owned() })
        .id(command)
        .correlation(conversation)
        .await
        .unwrap();
    let whole = until(&running.app, "clerk", 1, SagaStatus::Completed).await;
    let events = running.app.feed().next().await.unwrap().events;
    let names: Vec<_> = events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["lot.placed", "lot.noted", "lot.noted"]);
    assert!(events.iter().all(|event| event.metadata.correlation_id == Some(conversation)), "{events:?}");
    assert_eq!(whole.record.correlation_id, conversation);
    assert_eq!(whole.record.causation_id, Some(events[0].metadata.id), "the event has caused the instance");
    for event in &events[1..] {
        let LotEvent::Noted(noted) = event.decode::<LotEvent>().unwrap().into_event() else {
            panic!("{event:?}")
        };
        assert_eq!(noted.cause, Some(whole.record.instance), "the instance has caused the command");
        // The command's id is its key, by which the ledger knows it; its events name the command.
        assert_eq!(event.metadata.causation_id.unwrap().get_version_num(), 8);
    }
    assert_ne!(events[1].metadata.causation_id, events[2].metadata.causation_id);
    assert!(world.outside.calls(1).iter().all(|call| call.correlation == conversation));
    // Without one, an instance opens a conversation of its own, or joins that which it is given.
    running.app.start(clerk(2, "before", "after")).await.unwrap();
    let whole = until(&running.app, "clerk", 2, SagaStatus::Completed).await;
    assert_eq!(whole.record.correlation_id, whole.record.instance);
    running.app.start(clerk(3, "before", "after")).caused_by(&events[0].metadata).await.unwrap();
    let whole = until(&running.app, "clerk", 3, SagaStatus::Completed).await;
    assert_eq!(
        (whole.record.correlation_id, whole.record.causation_id),
        (conversation, Some(events[0].metadata.id))
    );
    running.stop().await;
}
