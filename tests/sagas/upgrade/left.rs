//! What one release leaves for an instance that another one has.

use std::sync::Arc;
use std::time::Duration;

use kenning::CancellationToken;
use kenning::store::{SagaStatus, SagaStore as _};

use super::releases::{Migrating, Old, Unrelated};
use super::{old, settle};
use crate::sagas::in_time;
use crate::sagas::lot::Lot;
use crate::sagas::outside::Answer;
use crate::sagas::world::{Running, World, log, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_39_an_event_left_under_a_newer_name_is_not_lost
    p5_trap_39_a_release_that_comes_back_keeps_its_instances
}

/// The new release follows the event, and leaves it for the step that it knows. The old one has the
/// instance, and does not know that step: it reads the event by its own definition. Fails without
/// `sagas.read-own`: see tests/guards.
async fn p5_trap_39_an_event_left_under_a_newer_name_is_not_lost<H: Home>(home: H) {
    let world = World::new(home);
    let go = CancellationToken::new();
    world.outside.plan("weigh", &[Answer::Until(go.clone())]);
    let older = Running::new(old(&world).await);
    older.app.start(Old { id: 1, weight: 7 }).await.unwrap();
    world.outside.until(1, "weigh", 1).await;
    let builder = world.builder().await.aggregate::<Lot>().saga::<Migrating>(Arc::clone(&world.outside));
    let new = Running::new(builder.build().await.unwrap());
    settle(&new.app, 1).await;
    until_seen(&new.app, "move", 1, "told", |whole| whole.messages.len() == 1).await;
    go.cancel();
    let whole = until(&new.app, "move", 1, SagaStatus::Completed).await;
    assert_eq!(log(&whole)[4..7], ["waiting settled", "done settled", "intent ship"]);
    assert_eq!(world.outside.asked(1), ["pack", "weigh", "ship"]);
    older.stop().await;
    new.stop().await;
}

/// What a process knows of the others is as old as its last look at them: `is_run_elsewhere` of `engine/adopt.rs` looks again before it parks.
async fn p5_trap_39_a_release_that_comes_back_keeps_its_instances<H: Home>(home: H) {
    let world = World::new(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Unrelated>(Arc::clone(&world.outside));
    let new = Running::new(builder.build().await.unwrap());
    new.app.start(Unrelated { id: 100 }).await.unwrap();
    until(&new.app, "move", 100, SagaStatus::Waiting).await;
    let older = Running::new(old(&world).await);
    let store = world.home.store().await;
    let back = async {
        while !store.saga_definitions("move").await.unwrap().iter().any(|one| one.version == 1 && one.live) {
            tokio::task::yield_now().await;
        }
    };
    in_time("the old release to come back", back).await;
    // By a third one: neither of the two is told.
    let starter = old(&world).await;
    for id in 0..40 {
        starter.start(Old { id, weight: 7 }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for id in 0..40 {
        let whole = until_seen(&older.app, "move", id, "waiting", |whole| {
            matches!(whole.record.status, SagaStatus::Waiting | SagaStatus::Parked)
        })
        .await;
        assert_eq!(whole.record.reason, None);
    }
    older.stop().await;
    new.stop().await;
}
