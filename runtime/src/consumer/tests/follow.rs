//! Following the feed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::flaky::{Flaky, count};
use super::support::*;
use crate::store::Start;
use crate::{ConsumerOptions, RunError};

#[tokio::test(start_paused = true)]
async fn rows_are_folded_from_what_was_there() {
    let store = store();
    put(&store, "a", &[placed("cup"), placed("jug")]).await;
    put(&store, "b", &[placed("pot"), taken("pot"), Removed {}.into()]).await;
    put(&store, "c", &[placed("pan"), taken("pan")]).await;
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await, [shelf("a", 2, "jug"), shelf("c", 0, "pan")]);
    // And what came later.
    put(&store, "b", &[placed("lid")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(app.query::<Shelf>().count().await.unwrap(), 3);
    let status = app.consumers().await.unwrap();
    assert_eq!(status.len(), 1);
    assert_eq!((status[0].lag_positions, status[0].failed), (0, 0));
    app.close().await;
}

#[tokio::test(start_paused = true)]
async fn small_batches_and_partitions_give_the_same() {
    for (batch, partitions) in [(1, 1), (7, 4), (500, 3)] {
        // A store of its own for each: the partitions of a consumer are fixed.
        let store = store();
        for shelf in 0..50 {
            put(&store, shelf, &[placed("cup")]).await;
        }
        for round in 0..20 {
            for shelf in 0..50 {
                put(&store, shelf, &[placed("jug"), taken(&format!("{round}"))]).await;
            }
        }
        let options = ConsumerOptions::new().batch(batch).partitions(partitions).rows(10);
        let app = builder(&store).read_model_with::<Shelf>(options).build().await.unwrap();
        app.run_until_idle().await.unwrap();
        let rows = shelves(&app).await;
        assert_eq!(rows.len(), 50);
        assert!(rows.iter().all(|row| row.things == 1 && row.last == "19"), "{rows:?}");
        app.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_followed_as_they_come() {
    let store = store();
    let app = builder(&store).read_model::<Shelf>().projection(Journal).build().await.unwrap();
    let (stop, run) = running(&app);
    for round in 0..20_i64 {
        put(&store, "a", &[placed(&format!("{round}"))]).await;
        until(|| async { shelves(&app).await.first().is_some_and(|row| row.things == round + 1) }).await;
    }
    stop.cancel();
    run.await.unwrap().unwrap();
    assert_eq!(journal().len(), 20);
    app.close().await;
}

/// Ten consumers at the head cost one read of the feed for each wake-up; without the window that they share it would be ten.
#[tokio::test(start_paused = true)]
async fn all_who_are_near_the_head_share_their_pages() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<Shelf>().projection(Journal).build().await.unwrap();
    let (stop, run) = running(&app);
    put(&store, "a", &[placed("cup")]).await;
    until(|| async { journal().len() == 1 && shelves(&app).await.len() == 1 }).await;
    let before = count(&store.told.pages);
    for round in 1..=10 {
        put(&store, "a", &[placed("cup")]).await;
        until(|| async { journal().len() == round + 1 }).await;
        until(|| async { shelves(&app).await[0].things == round as i64 + 1 }).await;
    }
    // Each wake-up is one page; a poll may have come between.
    let read = count(&store.told.pages) - before;
    assert!(read <= 12, "{read} pages");
    stop.cancel();
    run.await.unwrap().unwrap();
}

/// Four partitions that catch up together read each page once.
#[tokio::test(start_paused = true)]
async fn partitions_that_catch_up_share_their_pages() {
    let store = Flaky::new(&store());
    for shelf in 0..1_000 {
        put(&store, shelf, &[placed("cup"), placed("jug")]).await;
    }
    let options = ConsumerOptions::new().partitions(4).batch(50);
    let app = builder(&store).read_model_with::<Shelf>(options).build().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(app.query::<Shelf>().count().await.unwrap(), 1_000);
    // Ten pages of 4 × 50 events, and a look or two at the head.
    let read = count(&store.told.pages);
    assert!((10..=16).contains(&read), "{read} pages");
}

#[tokio::test(start_paused = true)]
async fn rows_at_hand_are_not_read_again() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    let (stop, run) = running(&app);
    for round in 1..=5 {
        put(&store, "a", &[placed("cup")]).await;
        until(|| async { shelves(&app).await.first().is_some_and(|row| row.things == round) }).await;
    }
    assert_eq!(count(&store.told.rows), 1);
    stop.cancel();
    run.await.unwrap().unwrap();
}

/// Trap 20: a feed full of events that the consumer does not want still moves it, also on disk, without a write for each page.
#[tokio::test(start_paused = true)]
async fn p1_unwanted_events_move_the_checkpoint() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<ShelfV2>().build().await.unwrap();
    let (stop, run) = running(&app);
    put(&store, "a", &[placed("cup")]).await;
    until(|| async { app.query::<ShelfV2>().count().await.unwrap() == 1 }).await;
    let before = count(&store.told.batches);
    for _ in 0..100 {
        put(&store, "a", &[taken("cup")]).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status = app.consumer("shelves").status().await.unwrap();
    assert_eq!(status.partitions[0].position, 101);
    assert!(count(&store.told.batches) - before <= 4);
    stop.cancel();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_begins_where_it_is_told_to() {
    let store = store();
    put(&store, "a", &[placed("cup")]).await;
    let options = ConsumerOptions::new().start(Start::End);
    let app = builder(&store).projection_with(Journal, options).build().await.unwrap();
    put(&store, "a", &[placed("jug")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(journal(), ["a:jug"]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_run_at_a_time_and_a_close_ends_it() {
    let store = store();
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    let (_stop, run) = running(&app);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(app.run_until_idle().await, Err(RunError::Running)));
    app.close().await;
    run.await.unwrap().unwrap();
    assert!(matches!(app.run_until_idle().await, Err(RunError::Closed)));
}

/// A stop drains: what was done is on disk, and the leases are free.
#[tokio::test(start_paused = true)]
async fn a_stopped_run_gives_everything_back() {
    let store = store();
    let app = builder(&store).read_model::<ShelfV2>().build().await.unwrap();
    put(&store, "a", &[placed("cup"), taken("cup"), taken("cup")]).await;
    let (stop, run) = running(&app);
    until(|| async { app.query::<ShelfV2>().count().await.unwrap() == 1 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
    let status = app.consumer("shelves").status().await.unwrap();
    assert_eq!(status.partitions[0].position, 3);
    assert_eq!(status.partitions[0].worker, None);
}

/// Trap 21 and 23: whatever fails, the consumer begins again at its checkpoint, and nothing is done twice or lost.
#[tokio::test(start_paused = true)]
async fn store_trouble_is_never_the_fault_of_an_event() {
    let store = Flaky::new(&store());
    let options = ConsumerOptions::new().batch(10);
    let app = builder(&store).read_model_with::<Shelf>(options).build().await.unwrap();
    for shelf in 0..100 {
        put(&store, shelf % 7, &[placed("cup"), placed("jug"), taken("cup")]).await;
    }
    store.told.unread.store(2, Ordering::SeqCst);
    store.told.undone.store(2, Ordering::SeqCst);
    store.told.unknown.store(3, Ordering::SeqCst);
    store.told.panics.store(true, Ordering::SeqCst);
    app.run_until_idle().await.unwrap();
    let rows = shelves(&app).await;
    assert_eq!(rows.iter().map(|row| row.things).sum::<i64>(), 100);
    assert!(app.parked().list().await.unwrap().is_empty());
    assert_eq!(count(&store.told.unknown) + count(&store.told.undone) + count(&store.told.unread), 0);
}

/// Versions that repeat stop the consumer: nothing is folded from a feed that contradicts itself.
#[tokio::test(start_paused = true)]
async fn a_feed_out_of_order_stops_the_consumer() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    put(&store, "a", &[placed("cup"), placed("jug")]).await;
    store.told.mixed.store(true, Ordering::SeqCst);
    let error = app.run_until_idle().await.unwrap_err();
    let RunError::Failing { consumer, problem } = error else { panic!("{error}") };
    assert_eq!(consumer, "shelves");
    assert!(problem.contains("shelf-a has version 1 after 1"), "{problem}");
    assert!(shelves(&app).await.is_empty());
    store.told.mixed.store(false, Ordering::SeqCst);
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await, [shelf("a", 2, "jug")]);
}

/// Trap 28: a drain that is cut short, as a handler does not come to its end, gives the leases back all the same, and the batch is done again.
#[tokio::test(start_paused = true)]
async fn trap_28_a_drain_that_is_cut_short_restarts_cleanly() {
    let store = store();
    let options = ConsumerOptions::new().timeout(Duration::from_secs(600));
    let app = builder(&store).projection_with(Journal, options).build().await.unwrap();
    put(&store, "a", &[placed("cup"), placed("mud"), placed("jug")]).await;
    let (stop, run) = running(&app);
    until(|| async { CALLS.get() == 1 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
    let status = app.consumer("journal").status().await.unwrap();
    assert_eq!((status.partitions[0].worker, status.partitions[0].position.get()), (None, 0));
    DEFUSED.set(true);
    app.run_until_idle().await.unwrap();
    assert_eq!(journal(), ["a:cup", "a:mud", "a:jug"]);
}

/// Trap 21: the end of a task is always seen.
#[tokio::test(start_paused = true)]
async fn trap_21_a_task_that_panics_is_begun_again() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    put(&store, "a", &[placed("cup")]).await;
    store.told.batch_panics.store(true, Ordering::SeqCst);
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await, [shelf("a", 1, "cup")]);
    assert!(app.parked().list().await.unwrap().is_empty());
}

/// Half a year without events costs a look a day. Fails without `consumers.idle-poll`:
/// see tests/guards.
#[tokio::test(start_paused = true)]
async fn an_idle_consumer_wakes_when_there_is_something_to_do() {
    let store = Flaky::new(&store());
    let day = Duration::from_secs(86_400);
    let app = builder(&store).lease(day * 30).read_model::<Shelf>().build().await.unwrap();
    put(&store, "a", &[placed("cup")]).await;
    let (stop, run) = running(&app);
    until(|| async { shelves(&app).await.len() == 1 }).await;
    let before = count(&store.told.pages);
    tokio::time::sleep(day * 180).await;
    let looks = count(&store.told.pages) - before;
    assert!(looks <= 400, "{looks} looks at the feed");
    put(&store, "b", &[placed("jug")]).await;
    until(|| async { shelves(&app).await.len() == 2 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
}
