//! Instances that cannot be loaded, and events that cannot be handled: they hurt nobody else.

use std::sync::Arc;
use std::time::Duration;

use kenning::Payload;
use kenning::prelude::*;
use kenning::saga::SagaDescription;
use kenning::store::{
    NewSaga, NewSagaEntry, SagaClaim, SagaEntryKind, SagaStatus, SagaStore, SagaThen, SagaWorker, SagaWrite,
    WantedSaga,
};

use super::lot::{Lot, Settle, Settled};
use super::outside::{Answer, Outside};
use super::rows::Row;
use super::world::{Running, World, log, show, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_36_instances_that_cannot_be_loaded_do_not_block_the_others
    p5_trap_36_a_step_that_panics_always_does_not_block_the_others
    p5_p7_trap_37_a_poison_event_for_one_instance_does_not_stop_the_others
}

fn a_row(id: &str, state: &'static str) -> NewSaga {
    NewSaga {
        instance: Uuid::now_v7(),
        saga: "row".into(),
        id: id.into(),
        version: 1,
        definition: SagaDescription::of::<Row>().fingerprint(),
        state: Payload::from_stored(state),
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        early_events: false,
    }
}

/// Instances as no release of ours would have left them: data that is none, a step that nobody knows, a step that has returned something else.
async fn p5_trap_36_instances_that_cannot_be_loaded_do_not_block_the_others<H: Home>(home: H) {
    let world = World::new(home);
    let app = world.app().await;
    let store = world.home.store().await;
    for (id, state) in [("1", r#"{"nonsense":1}"#), ("2", r#"{"id":2}"#), ("3", r#"{"id":3}"#)] {
        assert!(store.start_saga(&a_row(id, state)).await.unwrap());
    }
    let worker =
        SagaWorker { worker: Uuid::now_v7(), duration: Duration::from_secs(60), definitions: Vec::new() };
    store.enlist_saga_worker(&worker).await.unwrap();
    let definitions = vec![a_row("", "").definition];
    let wanted = WantedSaga { saga: "row".into(), definitions, share: 9, room: 9 };
    let claimed = store
        .claim_sagas(&SagaClaim { worker: worker.worker, room: 9, wanted: vec![wanted] })
        .await
        .unwrap()
        .claimed;
    for claimed in claimed {
        let entry = |kind, step: &str, output: Option<&str>| NewSagaEntry {
            kind,
            step: Some(step.into()),
            attempt: 1,
            output: output.map(|output| Payload::from_stored(output.to_owned())),
            text: None,
        };
        let step = if &*claimed.record.id == "2" { "zero" } else { "one" };
        let entries =
            vec![entry(SagaEntryKind::Intent, step, None), entry(SagaEntryKind::Done, step, Some("[7]"))];
        let write = SagaWrite {
            instance: claimed.record.instance,
            epoch: claimed.record.epoch,
            sequence: 0,
            entries: if &*claimed.record.id == "1" { Vec::new() } else { entries },
            status: SagaStatus::Running,
            step: None,
            reason: None,
            messages_seen: 0,
            migration: None,
            then: SagaThen::Release(Duration::ZERO),
        };
        store.write_sagas(&[write]).await.unwrap();
    }
    store.retire_saga_worker(worker.worker).await.unwrap();
    for id in 10..20 {
        app.start(Row { id }).await.unwrap();
    }
    let running = Running::new(app);
    for id in 10..20 {
        until(&running.app, "row", id, SagaStatus::Completed).await;
    }
    let reason = async |id| until(&running.app, "row", id, SagaStatus::Parked).await.record.reason.unwrap();
    assert_eq!(reason(1).await, "its data cannot be read: missing field `id` at line 1 column 14");
    assert_eq!(reason(2).await, "its log has the steps `zero`, which this definition does not have");
    // What cannot be read is noticed when a step needs it. That is no reason to take anything back.
    let whole = until(&running.app, "row", 3, SagaStatus::Parked).await;
    assert!(whole.record.reason.as_deref().unwrap().contains("cannot be read"), "{whole:#?}");
    assert_eq!(world.outside.effects(1), Vec::<String>::new());
    assert_eq!(world.outside.effects(2), Vec::<String>::new());
    // Asked again, one that still cannot be read says so, and stays where it is.
    running.app.sagas().instance("row", "1").retry().await.unwrap();
    let whole =
        until_seen(&running.app, "row", 1, "refused", |whole| log(whole).contains(&"refused".to_owned()))
            .await;
    assert_eq!(whole.record.status, SagaStatus::Parked);
    // What no release can read has a way out still.
    running.app.sagas().instance("row", "1").terminate("written off").await.unwrap();
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    assert_eq!(whole.record.reason.as_deref(), Some("it was terminated by an operator: written off"));
    assert!(whole.log.last().unwrap().entry.text.as_deref().unwrap().contains("missing field `id`"));
    running.stop().await;
}

async fn p5_trap_36_a_step_that_panics_always_does_not_block_the_others<H: Home>(home: H) {
    let world = World::new(home);
    for id in 0..10 {
        world.outside.plan_of(id, "two", &vec![Answer::Panic; 3]);
    }
    let running = world.run().await;
    for id in 0..20 {
        running.app.start(Row { id }).await.unwrap();
    }
    for id in 0..20 {
        let end = if id < 10 { SagaStatus::Compensated } else { SagaStatus::Completed };
        until(&running.app, "row", id, end).await;
    }
    running.stop().await;
}

/// Waits for an event; a word of poison cannot be read by anybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "reader", version = 1, id = id)]
pub(super) struct Reader {
    pub(super) id: u64,
}

#[saga(services = Outside)]
impl Reader {
    #[wait(timeout = "24h", on_timeout = fail)]
    fn settled(event: &Recorded<Settled>) -> Correlated<u64, String> {
        assert!(event.word != "poison", "poison cannot be read");
        event
            .stream()
            .id()
            .parse()
            .map_or_else(|_| Correlated::nobody(), |id| Correlated::to(id, event.word.clone()))
    }

    #[step(pivot)]
    async fn finish(&self, cx: &StepContext<Outside>, settled: &str) -> Result<String, StepError> {
        cx.services().call(cx, settled).await
    }
}

async fn p5_p7_trap_37_a_poison_event_for_one_instance_does_not_stop_the_others<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Reader>(Arc::clone(&world.outside));
    let running = Running::new(builder.build().await.unwrap());
    for id in 0..10 {
        running.app.start(Reader { id }).await.unwrap();
    }
    running.app.execute(Settle { id: 0, word: "poison".to_owned() }).await.unwrap();
    for id in 0..10 {
        running.app.execute(Settle { id, word: "word".to_owned() }).await.unwrap();
    }
    for id in 1..10 {
        until(&running.app, "reader", id, SagaStatus::Completed).await;
        assert_eq!(world.outside.asked(id), ["word"]);
    }
    // The one whose stream is held back waits, and the event is seen where parked events are.
    let parked = super::in_time("the parked events", async {
        loop {
            let parked = running.app.parked().consumer("reader").list().await.unwrap();
            if parked.len() == 2 {
                return parked;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(parked[0].error.as_ref().unwrap().contains("poison cannot be read"), "{parked:?}");
    assert_eq!(show(&running.app, "reader", 0).await.record.status, SagaStatus::Waiting);
    running.app.parked().discard(&parked[0], "nobody can read it").await.unwrap();
    until(&running.app, "reader", 0, SagaStatus::Completed).await;
    assert_eq!(world.outside.asked(0), ["word"]);
    running.stop().await;
}
