//! An old and a new release run at once, as while one is deployed.

use std::sync::Arc;

use kenning::store::SagaStatus;

use super::releases::{Longer, Migrating, Old, Unrelated};
use super::{old, settle};
use crate::sagas::lot::Lot;
use crate::sagas::world::{Running, World, times, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_39_old_and_new_run_at_once_and_migrate
    p5_trap_39_old_and_new_run_at_once_and_each_keeps_its_own
    p5_trap_39_old_and_new_run_at_once_and_what_survives_is_shared
}

const INSTANCES: u64 = 24;

/// Half of the instances begin before the new release is there, half while both are; the old one dies, or stops, in the middle.
///
/// What it was that each was begun with: the same steps are known by other names.
async fn overlap<H: Home>(
    world: &World<H>,
    new: Running,
    dies: bool,
    mut start: impl AsyncFnMut(&Running, u64),
) -> Running {
    let older = Running::new(old(world).await);
    for id in 0..INSTANCES / 2 {
        older.app.start(Old { id, weight: 7 }).await.unwrap();
    }
    for id in INSTANCES / 2..INSTANCES {
        if id % 2 == 0 {
            older.app.start(Old { id, weight: 7 }).await.unwrap();
        } else {
            start(&new, id).await;
        }
    }
    for id in 0..INSTANCES / 2 {
        settle(if id % 2 == 0 { &older.app } else { &new.app }, id).await;
    }
    if dies {
        older.crash().await;
    } else {
        older.stop().await;
    }
    for id in INSTANCES / 2..INSTANCES {
        settle(&new.app, id).await;
    }
    new
}

async fn p5_trap_39_old_and_new_run_at_once_and_migrate<H: Home>(home: H) {
    let world = World::mortal(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Migrating>(Arc::clone(&world.outside));
    let new = Running::new(builder.build().await.unwrap());
    let new = overlap(&world, new, false, async |new, id| {
        new.app.start(Migrating { id, unit: "kg".to_owned() }).await.unwrap();
    })
    .await;
    for id in 0..INSTANCES {
        let whole = until(&new.app, "move", id, SagaStatus::Completed).await;
        // Whatever it was called, it was done once.
        let asked = world.outside.asked(id);
        let expected = [
            vec!["pack".to_owned(), "weigh".to_owned(), "ship".to_owned()],
            vec!["pack".to_owned(), "weigh".to_owned(), format!("ship 7 kg of pack of {id}, settled")],
            vec![
                "pack".to_owned(),
                "label".to_owned(),
                format!("ship label of {id} kg of pack of {id}, settled"),
            ],
            vec![
                "wrap".to_owned(),
                "label".to_owned(),
                format!("ship label of {id} kg of wrap of {id}, settled"),
            ],
        ];
        assert!(expected.contains(&asked), "{asked:?}: {whole:#?}");
        assert!(times(&whole, "migrated") <= 1);
    }
    new.stop().await;
}

/// There is no way from one to the other: as long as the old one runs its instances are its own, and afterwards they are seen.
async fn p5_trap_39_old_and_new_run_at_once_and_each_keeps_its_own<H: Home>(home: H) {
    let world = World::mortal(home);
    let older = Running::new(old(&world).await);
    for id in 0..INSTANCES {
        older.app.start(Old { id, weight: 7 }).await.unwrap();
    }
    for id in 0..INSTANCES {
        until(&older.app, "move", id, SagaStatus::Waiting).await;
    }
    let builder = world.builder().await.aggregate::<Lot>().saga::<Unrelated>(Arc::clone(&world.outside));
    let new = Running::new(builder.build().await.unwrap());
    for id in 0..INSTANCES {
        new.app.start(Unrelated { id: 100 + id }).await.unwrap();
        settle(&new.app, 100 + id).await;
        if id % 2 == 0 {
            settle(&older.app, id).await;
        }
    }
    for id in 0..INSTANCES {
        until(&new.app, "move", 100 + id, SagaStatus::Completed).await;
        if id % 2 == 0 {
            until(&older.app, "move", id, SagaStatus::Completed).await;
            assert_eq!(world.outside.asked(id), ["pack", "weigh", "ship"]);
        } else {
            until(&older.app, "move", id, SagaStatus::Waiting).await;
        }
    }
    older.stop().await;
    // Nobody is there any more that could go on with them: they are parked when something is due, and never left alone.
    for id in (1..INSTANCES).step_by(2) {
        settle(&new.app, id).await;
        let whole = until(&new.app, "move", id, SagaStatus::Parked).await;
        assert!(
            whole.record.reason.as_deref().unwrap().contains("there is no way to version 2"),
            "{whole:#?}"
        );
        assert_eq!(world.outside.asked(id), ["pack", "weigh"]);
    }
    new.stop().await;
}

async fn p5_trap_39_old_and_new_run_at_once_and_what_survives_is_shared<H: Home>(home: H) {
    let world = World::mortal(home);
    let builder = world.builder().await.aggregate::<Lot>().saga::<Longer>(Arc::clone(&world.outside));
    let new = Running::new(builder.build().await.unwrap());
    let new = overlap(&world, new, true, async |new, id| {
        new.app.start(Longer { id, weight: 7 }).await.unwrap();
    })
    .await;
    for id in 0..INSTANCES {
        let whole = until_seen(&new.app, "move", id, "completed", |whole| {
            whole.record.status == SagaStatus::Completed
        })
        .await;
        let effects = world.outside.effects(id);
        // One that has come to its end in the old release has not waved.
        assert_eq!(effects[..3], ["pack", "weigh", "ship"], "{whole:#?}");
        assert_eq!(effects.len() == 4, whole.record.version == 2, "{whole:#?}");
    }
    new.stop().await;
}
