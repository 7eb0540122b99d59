//! What a wait brings is what the definition makes of the event that the instance follows; keys outlive renames.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::{InFlight, Migrated};
use kenning::store::SagaStatus;

use crate::sagas::lot::{Lot, Settle, Settled};
use crate::sagas::outside::{Answer, Outside};
use crate::sagas::world::{Running, World, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p12_an_old_definition_that_finishes_reads_its_events_itself
    p12_an_old_process_reads_events_that_a_new_one_has_left
    p12_a_migrated_instance_reads_an_event_that_was_left_before
    p6_a_renamed_step_keeps_its_keys
    p5_instances_of_a_version_that_nobody_runs_are_parked_until_it_is_back
}

fn of<T>(event: &Recorded<Settled>, output: T) -> Correlated<u64, T> {
    let id = event.stream().id().parse();
    id.map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, output))
}

/// The first release: a wait brings a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "bill", version = 1, id = id)]
struct Numbers {
    id: u64,
}

#[saga(services = Outside)]
impl Numbers {
    #[step(undo = unpick, retry(attempts = 3, backoff = "1ms..5ms"))]
    async fn pick(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "pick").await
    }
    #[undo]
    async fn unpick(&self, cx: &StepContext<Outside>, _pick: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "unpick").await.map(drop)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn paid(event: &Recorded<Settled>) -> Correlated<u64, u64> {
        of(event, event.word.len() as u64)
    }
    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>, paid: &u64) -> Result<String, StepError> {
        cx.services().call(cx, &format!("ship for {paid}")).await
    }
}

/// What the wait of the second release brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Settlement {
    word: String,
}

/// The second release: the wait brings a settlement, and `pick` is called `reserve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "bill", version = 2, id = id, migrate(from_numbers))]
struct Settlements {
    id: u64,
}

fn from_numbers(old: &InFlight) -> Result<Migrated<Settlements>, StepError> {
    let Numbers { id } = old.state()?;
    Ok(Migrated::new(Settlements { id }).rename("pick", "reserve"))
}

#[saga(services = Outside)]
impl Settlements {
    #[step(undo = unreserve, retry(attempts = 3, backoff = "1ms..5ms"))]
    async fn reserve(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "reserve").await
    }
    #[undo]
    async fn unreserve(&self, cx: &StepContext<Outside>, _it: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, "unreserve").await.map(drop)
    }
    #[wait(timeout = "24h", on_timeout = fail)]
    fn paid(event: &Recorded<Settled>) -> Correlated<u64, Settlement> {
        of(event, Settlement { word: event.word.clone() })
    }
    #[step(pivot)]
    async fn ship(&self, cx: &StepContext<Outside>, paid: &Settlement) -> Result<String, StepError> {
        cx.services().call(cx, &format!("ship for {}", paid.word)).await
    }
}

/// The second release without a way from the first.
mod apart {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
    #[kenning(name = "bill", version = 2, id = id)]
    pub(super) struct Apart {
        pub(super) id: u64,
    }

    #[saga(services = Outside)]
    impl Apart {
        #[wait(timeout = "24h", on_timeout = fail)]
        fn paid(event: &Recorded<Settled>) -> Correlated<u64, Settlement> {
            of(event, Settlement { word: event.word.clone() })
        }
        #[step(pivot)]
        async fn carry(&self, cx: &StepContext<Outside>, paid: &Settlement) -> Result<String, StepError> {
            cx.services().call(cx, &format!("carry for {}", paid.word)).await
        }
    }
}

use apart::Apart;

macro_rules! run {
    ($world:ident, $saga:ty $(, finishing $old:ty)?) => {{
        let builder = $world.builder().await.aggregate::<Lot>().saga::<$saga>(Arc::clone(&$world.outside));
        $(let builder = builder.finish_saga::<$old>(Arc::clone(&$world.outside));)?
        Running::new(builder.build().await.expect("it fits together"))
    }};
}

async fn settle(app: &Kenning, id: u64) {
    app.execute(Settle { id, word: "cash".to_owned() }).await.unwrap();
}

/// Fails without `sagas.read-own`: see tests/guards.
async fn p12_an_old_definition_that_finishes_reads_its_events_itself<H: Home>(home: H) {
    let world = World::new(home);
    let older = run!(world, Numbers);
    older.app.start(Numbers { id: 1 }).await.unwrap();
    until(&older.app, "bill", 1, SagaStatus::Waiting).await;
    older.stop().await;
    let newer = run!(world, Apart, finishing Numbers);
    newer.app.start(Apart { id: 2 }).await.unwrap();
    until(&newer.app, "bill", 2, SagaStatus::Waiting).await;
    for (id, last) in [(1, "ship for 4"), (2, "carry for cash")] {
        settle(&newer.app, id).await;
        until(&newer.app, "bill", id, SagaStatus::Completed).await;
        assert_eq!(world.outside.asked(id).last().map(String::as_str), Some(last));
    }
    newer.stop().await;
}

/// Fails without `sagas.read-own`: see tests/guards.
async fn p12_an_old_process_reads_events_that_a_new_one_has_left<H: Home>(home: H) {
    let world = World::new(home);
    let older = run!(world, Numbers);
    older.app.start(Numbers { id: 1 }).await.unwrap();
    until(&older.app, "bill", 1, SagaStatus::Waiting).await;
    let newer = run!(world, Apart);
    settle(&newer.app, 1).await;
    until(&older.app, "bill", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(1), ["pick", "ship for 4"]);
    older.stop().await;
    newer.stop().await;
}

/// Fails without `sagas.read-own`: see tests/guards.
async fn p12_a_migrated_instance_reads_an_event_that_was_left_before<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("pick", &[Answer::RetryAfter(Duration::from_secs(3_600))]);
    let older = run!(world, Numbers);
    older.app.start(Numbers { id: 1 }).await.unwrap();
    until_seen(&older.app, "bill", 1, "paused", |whole| whole.record.owner.is_none() && whole.log.len() == 2)
        .await;
    settle(&older.app, 1).await;
    until_seen(&older.app, "bill", 1, "told", |whole| whole.messages.len() == 1).await;
    older.stop().await;
    let newer = run!(world, Settlements);
    newer.app.sagas().instance("bill", "1").retry().await.unwrap();
    let whole = until(&newer.app, "bill", 1, SagaStatus::Completed).await;
    assert_eq!(whole.record.version, 2);
    assert_eq!(world.outside.asked(1), ["pick", "reserve", "ship for cash"]);
    newer.stop().await;
}

/// Fails without `releases.key-names`: see tests/guards.
async fn p6_a_renamed_step_keeps_its_keys<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("pick", &[Answer::RetryAfter(Duration::from_secs(3_600))]);
    world.outside.plan("ship for cash", &[Answer::Fail]);
    let older = run!(world, Numbers);
    older.app.start(Numbers { id: 1 }).await.unwrap();
    until_seen(&older.app, "bill", 1, "paused", |whole| whole.record.owner.is_none() && whole.log.len() == 2)
        .await;
    older.stop().await;
    let newer = run!(world, Settlements);
    settle(&newer.app, 1).await;
    until_seen(&newer.app, "bill", 1, "migrated", |whole| whole.record.version == 2).await;
    newer.app.sagas().instance("bill", "1").retry().await.unwrap();
    until(&newer.app, "bill", 1, SagaStatus::Compensated).await;
    let calls = world.outside.calls(1);
    let of = |effect: &str| calls.iter().find(|call| call.effect == effect).unwrap();
    assert_eq!(of("pick").key, of("reserve").key);
    assert_eq!(of("pick").key, of("unreserve").step_key, "the undo closes the key that was used");
    assert_ne!(of("unreserve").key, of("pick").key);
    newer.stop().await;
}

/// Fails without `sagas.stranded` or `sagas.unstrand`: see tests/guards.
async fn p5_instances_of_a_version_that_nobody_runs_are_parked_until_it_is_back<H: Home>(home: H) {
    let world = World::mortal(home);
    let newer = run!(world, Settlements);
    newer.app.start(Settlements { id: 1 }).await.unwrap();
    until(&newer.app, "bill", 1, SagaStatus::Waiting).await;
    newer.stop().await;
    let older = run!(world, Numbers);
    // It has a time at which it is due, as if it were in the middle of something.
    older.app.sagas().instance("bill", "1").park("have a look").await.unwrap();
    let whole = until(&older.app, "bill", 1, SagaStatus::Parked).await;
    let reason = whole.record.reason.as_deref().unwrap();
    assert_eq!(
        reason,
        "it follows version 2 of the definition, which no process runs; this release has version 1"
    );
    assert_eq!(whole.record.version, 2);
    older.stop().await;
    let newer = run!(world, Settlements);
    until(&newer.app, "bill", 1, SagaStatus::Waiting).await;
    settle(&newer.app, 1).await;
    until(&newer.app, "bill", 1, SagaStatus::Completed).await;
    newer.stop().await;
}
