//! Instances of an older definition: migrated, taken over as they are, finished by the old definition, or parked; never gone on with by luck.

mod left;
mod outputs;
mod overlap;
mod releases;

use std::sync::Arc;

use kenning::Kenning;
use kenning::store::{SagaStatus, SagaWhole};

use self::releases::{Longer, Migrating, MigratingBadly, Old, Repaired, Unrelated};
use super::lot::{Lot, Settle};
use super::outside::Answer;
use super::world::{Running, World, log, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_38_an_instance_is_migrated_by_the_declared_function
    p5_trap_38_what_was_migrated_is_undone_by_the_new_definition
    p5_trap_38_an_instance_is_finished_by_the_registered_old_definition
    p5_trap_38_an_instance_that_survives_the_change_is_taken_over
    p5_trap_38_an_instance_without_a_way_is_parked_with_the_step_that_differs
    p5_trap_38_a_migration_that_fails_parks_and_a_better_one_resumes
    p5_trap_38_an_older_release_leaves_newer_instances_alone
}

/// Starts instances of the old release, which wait for their event, and ends it.
async fn waiting<H: Home>(world: &World<H>, ids: std::ops::Range<u64>) {
    let running = Running::new(old(world).await);
    for id in ids.clone() {
        running.app.start(Old { id, weight: 7 }).await.unwrap();
    }
    for id in ids {
        until(&running.app, "move", id, SagaStatus::Waiting).await;
    }
    running.stop().await;
}

async fn old<H: Home>(world: &World<H>) -> Kenning {
    let builder = world.builder().await.aggregate::<Lot>().saga::<Old>(Arc::clone(&world.outside));
    builder.build().await.expect("it fits together")
}

async fn settle(app: &Kenning, id: u64) {
    app.execute(Settle { id, word: "settled".to_owned() }).await.unwrap();
}

fn resumed(whole: &SagaWhole) -> bool {
    log(whole).contains(&"resumed".to_owned())
}

macro_rules! release {
    ($world:ident, $saga:ty) => {{
        let builder = $world.builder().await.aggregate::<Lot>().saga::<$saga>(Arc::clone(&$world.outside));
        Running::new(builder.build().await.expect("it fits together"))
    }};
}

/// `pack` is `wrap` now, `weigh` is gone, `label` is new, and the data has another field. The event was left for the step's old name.
async fn p5_trap_38_an_instance_is_migrated_by_the_declared_function<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..3).await;
    // Left while the old release is there, and not yet seen by anybody.
    let app = old(&world).await;
    settle(&app, 1).await;
    let running = release!(world, Migrating);
    settle(&running.app, 2).await;
    for id in [1, 2] {
        let whole = until(&running.app, "move", id, SagaStatus::Completed).await;
        assert_eq!((whole.record.version, times(&whole, "migrated")), (2, 1));
        // What was done is not done again; what the migration says is done is not done at all.
        assert_eq!(
            world.outside.asked(id),
            ["pack", "weigh", &*format!("ship 7 kg of pack of {id}, settled")]
        );
        assert_eq!(whole.record.state.as_str(), format!(r#"{{"id":{id},"unit":"kg"}}"#));
    }
    running.stop().await;
}

async fn p5_trap_38_what_was_migrated_is_undone_by_the_new_definition<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..2).await;
    world.outside.plan("ship 7 kg of pack of 1, settled", &[Answer::Fail]);
    let running = release!(world, Migrating);
    settle(&running.app, 1).await;
    until(&running.app, "move", 1, SagaStatus::Compensated).await;
    // `weigh` was forgotten: its undo is none of this release.
    assert_eq!(world.outside.asked(1)[3..], ["undo label", "undo wrap with pack of 1"]);
    running.stop().await;
}

async fn p5_trap_38_an_instance_is_finished_by_the_registered_old_definition<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..4).await;
    world.outside.plan_of(2, "ship", &[Answer::Fail]);
    let builder = world.builder().await.aggregate::<Lot>();
    let builder =
        builder.saga::<Unrelated>(Arc::clone(&world.outside)).finish_saga::<Old>(Arc::clone(&world.outside));
    let running = Running::new(builder.build().await.unwrap());
    for id in [1, 2] {
        settle(&running.app, id).await;
    }
    let whole = until(&running.app, "move", 1, SagaStatus::Completed).await;
    assert_eq!((whole.record.version, times(&whole, "migrated")), (1, 0));
    assert_eq!(world.outside.asked(1), ["pack", "weigh", "ship"]);
    until(&running.app, "move", 2, SagaStatus::Compensated).await;
    assert_eq!(world.outside.asked(2), ["pack", "weigh", "ship", "undo weigh", "undo pack"]);
    // New ones follow the new definition.
    running.app.start(Unrelated { id: 9 }).await.unwrap();
    until(&running.app, "move", 9, SagaStatus::Waiting).await;
    settle(&running.app, 9).await;
    let whole = until(&running.app, "move", 9, SagaStatus::Completed).await;
    assert_eq!((whole.record.version, world.outside.asked(9)), (2, vec!["carry".to_owned()]));
    assert_eq!(until(&running.app, "move", 3, SagaStatus::Waiting).await.record.reason, None);
    running.stop().await;
}

/// The same version with a step more at its end: there is nothing that an instance in flight would miss.
async fn p5_trap_38_an_instance_that_survives_the_change_is_taken_over<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..2).await;
    let running = release!(world, Longer);
    settle(&running.app, 1).await;
    let whole = until(&running.app, "move", 1, SagaStatus::Completed).await;
    assert_eq!((whole.record.version, times(&whole, "migrated")), (2, 1));
    assert_eq!(world.outside.asked(1), ["pack", "weigh", "ship", "wave"]);
    running.stop().await;
}

async fn p5_trap_38_an_instance_without_a_way_is_parked_with_the_step_that_differs<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..2).await;
    let running = release!(world, Unrelated);
    settle(&running.app, 1).await;
    let whole = until(&running.app, "move", 1, SagaStatus::Parked).await;
    let reason = whole.record.reason.clone().unwrap();
    assert!(
        reason
            .starts_with("it follows version 1 of the definition, from which there is no way to version 2: "),
        "{reason}"
    );
    for step in ["`pack`", "`weigh`"] {
        assert!(reason.contains(step), "{reason}");
    }
    assert_eq!(world.outside.asked(1), ["pack", "weigh"], "nothing was done by luck");
    // Asked to go on, it has no way still.
    running.app.sagas().instance("move", "1").retry().await.unwrap();
    until_seen(&running.app, "move", 1, "refused", |whole| times(whole, "refused") == 1).await;
    running.stop().await;
    // Back to the release that knows it, it goes on once somebody says so.
    let running = Running::new(old(&world).await);
    running.app.sagas().instance("move", "1").retry().await.unwrap();
    let whole = until(&running.app, "move", 1, SagaStatus::Completed).await;
    assert!(resumed(&whole));
    assert_eq!(world.outside.asked(1), ["pack", "weigh", "ship"]);
    running.stop().await;
}

async fn p5_trap_38_a_migration_that_fails_parks_and_a_better_one_resumes<H: Home>(home: H) {
    let world = World::new(home);
    waiting(&world, 1..3).await;
    let running = release!(world, MigratingBadly);
    for id in [1, 2] {
        settle(&running.app, id).await;
    }
    let reason = async |id| until(&running.app, "move", id, SagaStatus::Parked).await.record.reason.unwrap();
    assert_eq!(reason(1).await, "it cannot be migrated from version 1: the migration panics");
    assert_eq!(reason(2).await, "it cannot be migrated from version 1: nobody knows how");
    running.stop().await;
    let running = release!(world, Repaired);
    for id in [1, 2] {
        running.app.sagas().instance("move", id.to_string()).retry().await.unwrap();
        let whole = until(&running.app, "move", id, SagaStatus::Completed).await;
        assert_eq!((whole.record.version, resumed(&whole)), (3, true));
        assert_eq!(world.outside.asked(id), ["pack", "weigh", "ship at last"]);
    }
    running.stop().await;
}

async fn p5_trap_38_an_older_release_leaves_newer_instances_alone<H: Home>(home: H) {
    let world = World::new(home);
    let newer = release!(world, Migrating);
    newer.app.start(Migrating { id: 1, unit: "kg".to_owned() }).await.unwrap();
    until(&newer.app, "move", 1, SagaStatus::Waiting).await;
    let app = newer.stop().await;
    settle(&app, 1).await;
    let older = Running::new(old(&world).await);
    older.app.start(Old { id: 2, weight: 7 }).await.unwrap();
    until(&older.app, "move", 2, SagaStatus::Waiting).await;
    let whole = until(&older.app, "move", 1, SagaStatus::Waiting).await;
    assert_eq!((whole.record.version, whole.record.reason), (2, None));
    older.stop().await;
    let newer = release!(world, Migrating);
    until(&newer.app, "move", 1, SagaStatus::Completed).await;
    newer.stop().await;
}
