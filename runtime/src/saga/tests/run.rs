//! The paths of one instance.

use super::fulfilment::{Answer, Parcel, Place, Services, Settle, World};
use crate::saga::key::{Direction, step_key};
use crate::store::{SagaEntryKind, SagaStatus, SagaWhole};

fn kinds(whole: &SagaWhole) -> Vec<(SagaEntryKind, String)> {
    let entries = whole.log.iter().map(|entry| &entry.entry);
    entries.map(|entry| (entry.kind, entry.step.as_deref().unwrap_or_default().to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_starts_it_and_it_completes() {
    let world = World::new(Services::default()).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.app.execute(Settle { id: 7 }).await.unwrap();
    let whole = world.until(7, SagaStatus::Completed).await;
    assert_eq!(world.services.effects(), ["reserve", "charge", "ship"]);
    let parcel = world.app.load::<Parcel>(7).await.unwrap();
    assert_eq!((parcel.shipped, parcel.cancelled.clone()), (1, None));
    assert_eq!(kinds(&whole).last().unwrap().0, SagaEntryKind::Completed);
}

#[tokio::test(start_paused = true)]
async fn what_has_failed_is_undone_in_reverse_order() {
    let world = World::new(Services::default().plan("ship", &[Answer::Retry, Answer::Fail])).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.app.execute(Settle { id: 7 }).await.unwrap();
    let whole = world.until(7, SagaStatus::Compensated).await;
    assert_eq!(
        world.services.effects(),
        ["reserve", "charge", "ship", "ship", "refund", "release"],
        "{whole:#?}"
    );
    let parcel = world.app.load::<Parcel>(7).await.unwrap();
    assert_eq!((parcel.shipped, parcel.cancelled.as_deref()), (0, Some("no")));
}

#[tokio::test(start_paused = true)]
async fn p5_trap_31_a_step_whose_outcome_is_unknown_is_undone_with_none() {
    let hangs = [Answer::Hang; 5];
    let world = World::new(Services::default().plan("charge", &hangs)).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.until(7, SagaStatus::Compensated).await;
    let expected = ["reserve", "charge", "charge", "charge", "charge", "charge", "refund?", "release"];
    assert_eq!(world.services.effects(), expected);
    let keys: std::collections::BTreeSet<_> = world
        .services
        .calls
        .lock()
        .unwrap()
        .iter()
        .filter(|call| call.0 == "charge")
        .map(|call| call.2)
        .collect();
    assert_eq!(keys.len(), 1, "every attempt has the same key");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_tried_again() {
    let world = World::new(Services::default().plan("reserve", &[Answer::Panic])).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.app.execute(Settle { id: 7 }).await.unwrap();
    world.until(7, SagaStatus::Completed).await;
    assert_eq!(world.services.effects(), ["reserve", "reserve", "charge", "ship"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_does_not_come_in_time_fails_the_saga() {
    let world = World::new(Services::default()).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.until(7, SagaStatus::Compensated).await;
    assert_eq!(world.services.effects(), ["reserve", "charge", "refund", "release"]);
}

#[tokio::test(start_paused = true)]
async fn trap_33_an_undo_that_fails_for_good_parks_and_resumes_where_it_stopped() {
    let services = Services::default().plan("ship", &[Answer::Fail]).plan("refund", &[Answer::Fail]);
    let world = World::new(services).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    world.app.execute(Settle { id: 7 }).await.unwrap();
    let whole = world.until(7, SagaStatus::Parked).await;
    let reason = whole.record.reason.unwrap();
    assert_eq!(reason, "`charge` cannot be undone: no; left to undo: `reserve`, `charge`");
    world.app.sagas().instance("parcel-fulfilment", "7").retry().await.unwrap();
    world.until(7, SagaStatus::Compensated).await;
    assert_eq!(world.services.effects(), ["reserve", "charge", "ship", "refund", "refund", "release"]);
}

/// Fails without `sagas.duplicate-command`: see tests/guards.
#[tokio::test(start_paused = true)]
async fn p5_a_command_accepted_under_another_body_counts_as_done() {
    let world = World::new(Services::default()).await;
    world.app.execute(Place { id: 7, cents: 300 }).await.unwrap();
    let whole = world.until(7, SagaStatus::Waiting).await;
    let key = step_key(whole.record.instance, "mark_shipped", Direction::Do);
    // As if another release had sent it, with a body of its own.
    world.app.execute(Settle { id: 7 }).id(key).await.unwrap();
    let whole = world.until(7, SagaStatus::Completed).await;
    assert!(kinds(&whole).contains(&(SagaEntryKind::Done, "mark_shipped".to_owned())), "{whole:#?}");
    assert_eq!(world.app.load::<Parcel>(7).await.unwrap().shipped, 0);
}
