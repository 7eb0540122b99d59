//! What operators do.

use std::time::Duration;

use super::support::*;
use crate::ConsumerError;
use crate::store::Start;

#[tokio::test(start_paused = true)]
async fn a_paused_consumer_stands_still_and_goes_on() {
    let store = store();
    let app = builder(&store).read_model::<Shelf>().projection(Journal).build().await.unwrap();
    let (stop, run) = running(&app);
    put(&store, "a", &[placed("cup")]).await;
    until(|| async { shelves(&app).await.len() == 1 && journal().len() == 1 }).await;
    app.consumer("shelves").pause().await.unwrap();
    put(&store, "b", &[placed("jug")]).await;
    until(|| async { journal().len() == 2 }).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(shelves(&app).await.len(), 1);
    let status = app.consumer("shelves").status().await.unwrap();
    assert!(status.paused && !status.partitions[0].here);
    assert_eq!(status.lag_positions, 1);
    app.consumer("shelves").resume().await.unwrap();
    until(|| async { shelves(&app).await.len() == 2 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reset_begins_anew_with_an_empty_table() {
    let store = store();
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    put(&store, "a", &[placed("cup"), taken("bomb"), placed("jug")]).await;
    put(&store, "b", &[placed("pot")]).await;
    let (stop, run) = running(&app);
    until(|| async { shelves(&app).await.len() == 2 }).await;
    DEFUSED.set(true);
    app.consumer("shelves").reset(Start::Beginning).await.unwrap();
    until(|| async { shelves(&app).await == [shelf("a", 1, "jug"), shelf("b", 1, "pot")] }).await;
    assert!(app.parked().list().await.unwrap().is_empty());
    stop.cancel();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_there_is_not_found() {
    let app = builder(&store()).read_model::<Shelf>().build().await.unwrap();
    let consumer = app.consumer("nobody");
    assert!(matches!(consumer.pause().await, Err(ConsumerError::NotFound { .. })));
    assert!(matches!(consumer.reset(Start::End).await, Err(ConsumerError::NotFound { .. })));
    assert!(matches!(consumer.status().await, Err(ConsumerError::NotFound { .. })));
    assert!(app.parked().show("nobody", 1).await.unwrap().is_none());
}
