//! Callers that wait for the end of an instance.

use std::time::Duration;

use kenning::store::SagaStatus;

use super::in_time;
use super::outside::Answer;
use super::rows::Row;
use super::world::World;
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_a_caller_is_told_of_the_end
    p5_the_end_in_another_process_is_seen
    p5_many_starts_at_once_each_have_their_end
}

async fn p5_a_caller_is_told_of_the_end<H: Home>(home: H) {
    let world = World::new(home);
    let running = world.run().await;
    let first = running.app.start(Row { id: 1 }).run_to_end();
    assert_eq!(in_time("the end", first).await.unwrap(), SagaStatus::Completed);
    // Started again, it has ended already.
    let again = running.app.start(Row { id: 1 }).run_to_end();
    assert_eq!(in_time("the end", again).await.unwrap(), SagaStatus::Completed);

    world.outside.plan_of(2, "judge", &[Answer::Fail]);
    assert!(running.app.start(Row { id: 2 }).await.unwrap().is_new);
    let second = running.app.sagas().instance("row", "2");
    assert_eq!(in_time("the end", second.ended()).await.unwrap(), Some(SagaStatus::Compensated));
    let unknown = running.app.sagas().instance("row", "3");
    assert_eq!(in_time("an answer", unknown.ended()).await.unwrap(), None);
    running.stop().await;
}

async fn p5_the_end_in_another_process_is_seen<H: Home>(home: H) {
    let world = World::new(home);
    let go = kenning::CancellationToken::new();
    world.outside.plan_of(1, "one", &[Answer::Until(go.clone())]);
    let (runs, asks) = (world.run().await, world.run().await);
    runs.app.start(Row { id: 1 }).await.unwrap();
    world.outside.until(1, "one", 1).await;
    let app = asks.app.clone();
    let end = tokio::spawn(async move { app.sagas().instance("row", "1").ended().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!end.is_finished());
    go.cancel();
    assert_eq!(in_time("the end", end).await.unwrap().unwrap(), Some(SagaStatus::Completed));
    for process in [runs, asks] {
        process.stop().await;
    }
}

/// More callers than slots: some instances are given to the process with their start, others are claimed.
async fn p5_many_starts_at_once_each_have_their_end<H: Home>(home: H) {
    const CALLERS: u64 = 200;
    let world = World::new(home);
    let running = world.run().await;
    let callers: Vec<_> = (0..CALLERS)
        .map(|id| {
            // Half of the instances are started twice at once.
            let app = running.app.clone();
            tokio::spawn(async move { app.start(Row { id: id - id % 2 }).run_to_end().await })
        })
        .collect();
    for caller in callers {
        let ended = in_time("the end", caller).await.unwrap();
        assert_eq!(ended.unwrap(), SagaStatus::Completed);
    }
    for id in (0..CALLERS).step_by(2) {
        assert_eq!(world.outside.asked(id), ["one", "two", "three", "four", "judge"], "each step once");
    }
    running.stop().await;
}
