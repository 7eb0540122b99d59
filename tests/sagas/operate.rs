//! What operators ask of instances, and what becomes of it.

use kenning::saga::SagaError;
use kenning::store::SagaStatus;
use kenning::{CancellationToken, Kenning};
use std::time::Duration;

use super::check::check;
use super::outside::Answer;
use super::rows::{Diamond, ROW, Row};
use super::world::{World, log, show, until, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_32_cancelling_during_compensation_does_not_stop_it
    p5_cancelling_at_any_step_compensates
    p5_trap_33_an_undo_that_fails_for_good_parks_with_what_is_left_and_resumes_there
    p5_a_skipped_undo_counts_as_done_with_its_reason
    requests_that_cannot_be_met_are_refused_in_the_log
    instances_are_listed_by_saga_status_step_and_age
    an_instance_started_twice_is_one
}

fn saga(app: &Kenning, id: u64) -> kenning::saga::SagaHandle {
    app.sagas().instance("row", id.to_string())
}

/// What has become of requests, as the log tells.
fn refusals(whole: &kenning::store::SagaWhole) -> Vec<String> {
    let refused = whole.log.iter().filter(|entry| entry.entry.kind == kenning::store::SagaEntryKind::Refused);
    refused.filter_map(|entry| entry.entry.text.clone()).collect()
}

/// Fails without `sagas.cancel-once`: see tests/guards.
async fn p5_trap_32_cancelling_during_compensation_does_not_stop_it<H: Home>(home: H) {
    let world = World::new(home);
    let go = CancellationToken::new();
    world.outside.plan("judge", &[Answer::Fail]);
    world.outside.plan("undo three", &[Answer::Until(go.clone())]);
    let running = world.run().await;
    running.app.start(Row { id: 1 }).await.unwrap();
    world.outside.until(1, "undo three", 1).await;
    saga(&running.app, 1).cancel("changed my mind").await.unwrap();
    saga(&running.app, 1).cancel("really").await.unwrap();
    until_seen(&running.app, "row", 1, "refused twice", |whole| refusals(whole).len() == 2).await;
    go.cancel();
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    let expected = ["one", "two", "three", "four", "undo four", "undo three", "undo two", "undo one"];
    assert_eq!(world.outside.effects(1), expected);
    assert_eq!(refusals(&whole), vec!["`cancel` was refused: it is being compensated already"; 2]);
    running.stop().await;
}

/// While a step runs, between two of its attempts, and before it has begun at all. What runs is told, and its outcome counts.
async fn p5_cancelling_at_any_step_compensates<H: Home>(home: H) {
    let world = World::new(home);
    let app = world.app().await;
    app.start(Row { id: 1 }).await.unwrap();
    saga(&app, 1).cancel("too early").await.unwrap();
    world.outside.plan_of(2, "three", &[Answer::UntilCancelled]);
    world.outside.plan_of(3, "three", &[Answer::RetryAfter(Duration::from_secs(3_600))]);
    let running = super::world::Running::new(app);
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    assert_eq!(log(&whole), ["cancelled", "compensating", "compensated"]);
    for id in [2, 3] {
        running.app.start(Row { id }).await.unwrap();
        world.outside.until(id, "three", 1).await;
        if id == 3 {
            until_seen(&running.app, "row", 3, "paused", |whole| log(whole).last().unwrap() == "retry three")
                .await;
        }
        saga(&running.app, id).cancel("too late").await.unwrap();
        let whole = until(&running.app, "row", id, SagaStatus::Compensated).await;
        assert_eq!(
            world.outside.asked(id),
            ["one", "two", "three", "undo three?", "undo two", "undo one"],
            "{id}"
        );
        assert_eq!(whole.record.reason.as_deref(), Some("it was cancelled: too late"));
        let wrong = check(&whole, ROW, &world.outside.calls(id), &world.outside.effects(id));
        assert_eq!(wrong, Vec::<String>::new());
    }
    running.stop().await;
}

async fn p5_trap_33_an_undo_that_fails_for_good_parks_with_what_is_left_and_resumes_there<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("judge", &[Answer::Fail]);
    world.outside.plan("undo three", &[Answer::Lost, Answer::Retry, Answer::Panic, Answer::Fail]);
    let running = world.run().await;
    running.app.start(Row { id: 1 }).await.unwrap();
    // First it is tried until its attempts are used up, then it fails for good.
    for (why, asked) in [("it panicked: at the disco", 8 + 1), ("no", 8 + 2)] {
        let whole = until(&running.app, "row", 1, SagaStatus::Parked).await;
        let reason = format!("`three` cannot be undone: {why}; left to undo: `one`, `two`, `three`");
        assert_eq!(whole.record.reason, Some(reason));
        assert_eq!(whole.record.step.as_deref(), Some("three"));
        assert_eq!(world.outside.asked(1).len(), asked, "{:?}", world.outside.asked(1));
        saga(&running.app, 1).retry().await.unwrap();
        if why != "no" {
            until_seen(&running.app, "row", 1, "resumed", |whole| log(whole).contains(&"resumed".to_owned()))
                .await;
        }
    }
    // Another process than the one that has parked it.
    running.stop().await;
    let running = world.run().await;
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    let expected = ["one", "two", "three", "four", "undo four", "undo three", "undo two", "undo one"];
    assert_eq!(world.outside.effects(1), expected);
    assert_eq!(world.outside.asked(1)[10..], ["undo three", "undo two", "undo one"]);
    assert_eq!(whole.record.reason.as_deref(), Some("`judge` has failed: no"));
    running.stop().await;
}

async fn p5_a_skipped_undo_counts_as_done_with_its_reason<H: Home>(home: H) {
    let world = World::new(home);
    world.outside.plan("judge", &[Answer::Fail]);
    world.outside.plan("undo three", &[Answer::Fail]);
    let running = world.run().await;
    running.app.start(Row { id: 1 }).await.unwrap();
    until(&running.app, "row", 1, SagaStatus::Parked).await;
    saga(&running.app, 1).skip("three", "the shop has sent it back by hand").await.unwrap();
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    assert_eq!(
        world.outside.effects(1),
        ["one", "two", "three", "four", "undo four", "undo two", "undo one"]
    );
    let skipped =
        whole.log.iter().find(|entry| entry.entry.kind == kenning::store::SagaEntryKind::Skipped).unwrap();
    assert_eq!(skipped.entry.text.as_deref(), Some("the shop has sent it back by hand"));
    assert_eq!(skipped.entry.step.as_deref(), Some("three"));
    running.stop().await;
}

async fn requests_that_cannot_be_met_are_refused_in_the_log<H: Home>(home: H) {
    let world = World::new(home);
    let go = CancellationToken::new();
    world.outside.plan("two", &[Answer::Until(go.clone())]);
    let running = world.run().await;
    let unknown = saga(&running.app, 7).retry().await.unwrap_err();
    assert!(
        matches!(&unknown, SagaError::NotFound { saga, id } if saga == "row" && id == "7"),
        "{unknown:?}"
    );
    running.app.start(Row { id: 1 }).await.unwrap();
    world.outside.until(1, "two", 1).await;
    saga(&running.app, 1).retry().await.unwrap();
    saga(&running.app, 1).skip("five", "why not").await.unwrap();
    saga(&running.app, 1).skip("one", "why not").await.unwrap();
    let whole = until_seen(&running.app, "row", 1, "refused", |whole| refusals(whole).len() == 3).await;
    let expected = [
        "`retry` was refused: it is not parked",
        "`skip` was refused: there is no such step",
        "`skip` was refused: the instance did not stop at this step",
    ];
    assert_eq!(refusals(&whole), expected);
    go.cancel();
    let whole = until(&running.app, "row", 1, SagaStatus::Completed).await;
    assert_eq!(refusals(&whole).len(), 3, "each is refused once");
    // One that has come to its end stays as it is.
    saga(&running.app, 1).cancel("after the end").await.unwrap();
    running.app.run_until_idle().await.unwrap_err();
    assert_eq!(show(&running.app, "row", 1).await.record.status, SagaStatus::Completed);
    running.stop().await;
}

async fn instances_are_listed_by_saga_status_step_and_age<H: Home>(home: H) {
    let world = World::new(home);
    for id in [3, 4] {
        world.outside.plan_of(id, "judge", &[Answer::Fail]);
        world.outside.plan_of(id, "undo two", &[Answer::Fail]);
    }
    let app = world.app().await;
    for id in 1..=4 {
        app.start(Row { id }).await.unwrap();
    }
    app.start(Diamond { id: 9 }).await.unwrap();
    super::in_time("all to be done", app.run_until_idle()).await.unwrap();
    let ids = |records: Vec<kenning::store::SagaRecord>| -> Vec<String> {
        records.into_iter().map(|record| format!("{} {}", record.saga, record.id)).collect()
    };
    let all = app.sagas().list().await.unwrap();
    assert_eq!(ids(all.clone()), ["diamond 9", "row 1", "row 2", "row 3", "row 4"]);
    assert_eq!(
        ids(app.sagas().of::<Row>().status(SagaStatus::Parked).list().await.unwrap()),
        ["row 3", "row 4"]
    );
    assert_eq!(ids(app.sagas().at_step("two").list().await.unwrap()), ["row 3", "row 4"]);
    assert_eq!(ids(app.sagas().saga("row").limit(2).list().await.unwrap()), ["row 1", "row 2"]);
    assert_eq!(
        ids(app.sagas().saga("row").after(&all[2]).limit(2).list().await.unwrap()),
        ["row 3", "row 4"]
    );
    assert_eq!(
        ids(app.sagas().older_than(Duration::from_secs(3_600)).list().await.unwrap()),
        Vec::<String>::new()
    );
    assert_eq!(ids(app.sagas().older_than(Duration::ZERO).list().await.unwrap()).len(), 5);
    let counts = app.sagas().count().await.unwrap();
    let expected = [
        ("diamond".to_owned(), SagaStatus::Completed, 1),
        ("row".to_owned(), SagaStatus::Completed, 2),
        ("row".to_owned(), SagaStatus::Parked, 2),
    ];
    assert_eq!(counts, expected);
    app.close().await;
}

async fn an_instance_started_twice_is_one<H: Home>(home: H) {
    let world = World::new(home);
    let apps = [world.run().await, world.run().await];
    for id in 0..20 {
        let started = (0..6).map(|nth| tokio::spawn(apps[nth % 2].app.start(Row { id }).into_future()));
        let started = futures_util::future::join_all(started).await;
        let new =
            started.into_iter().filter(|started| started.as_ref().unwrap().as_ref().unwrap().is_new).count();
        assert_eq!(new, 1);
    }
    for id in 0..20 {
        until(&apps[0].app, "row", id, SagaStatus::Completed).await;
        assert_eq!(world.outside.asked(id), ["one", "two", "three", "four", "judge"]);
        assert!(!apps[0].app.start(Row { id }).await.unwrap().is_new, "not even after its end");
    }
    for running in apps {
        running.stop().await;
    }
}
