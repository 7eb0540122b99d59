//! Building a read model anew.

use std::time::Duration;

use super::support::*;
use crate::ConsumerOptions;

/// Trap 26: what was built equals what was followed, and events that come meanwhile are in it.
#[tokio::test(start_paused = true)]
async fn a_rebuild_by_hand_takes_the_place_of_the_old_table() {
    let store = store();
    let options = ConsumerOptions::new().batch(10).partitions(2);
    let app = builder(&store).read_model_with::<Shelf>(options).build().await.unwrap();
    for number in 0..100 {
        put(&store, number % 30, &[placed("cup"), placed("jug"), taken("cup")]).await;
    }
    app.run_until_idle().await.unwrap();
    let before = shelves(&app).await;
    let rebuild = app.rebuild::<Shelf>().await.unwrap();
    assert_eq!(rebuild.progress().await.unwrap().done, 0);
    assert_eq!(shelves(&app).await, before);
    let (stop, run) = running(&app);
    put(&store, 99, &[placed("pot")]).await;
    let progress = rebuild.finished().await.unwrap();
    assert!(progress.finished);
    put(&store, 98, &[placed("pan")]).await;
    until(|| async { shelves(&app).await.len() == before.len() + 2 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
    // Twice, and in one go.
    let again = app.rebuild::<Shelf>().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert!(again.progress().await.unwrap().finished);
    let after = shelves(&app).await;
    assert_eq!(after.len(), before.len() + 2);
    assert!(before.iter().all(|row| after.contains(row)));
    assert!(rebuild.progress().await.is_err());
}

/// A higher version is built beside the old one, which serves until then; a process of the old version runs nothing afterwards.
#[tokio::test(start_paused = true)]
async fn a_higher_version_is_built_beside_the_old_one() {
    let store = store();
    let old = builder(&store).read_model::<Shelf>().build().await.unwrap();
    for number in 0..100 {
        put(&store, number % 10, &[placed("cup"), taken("cup")]).await;
    }
    let (_stop, run) = running(&old);
    until(|| async { shelves(&old).await.len() == 10 }).await;
    let new = builder(&store).read_model::<ShelfV2>().build().await.unwrap();
    assert_eq!(shelves(&old).await.len(), 10);
    new.run_until_idle().await.unwrap();
    let rows = new.query::<ShelfV2>().fetch().await.unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row.ever == 10), "{rows:?}");
    let status = new.consumer("shelves").status().await.unwrap();
    assert_eq!((status.version, status.building), (2, None));
    tokio::time::sleep(Duration::from_secs(5)).await;
    put(&store, "late", &[placed("cup")]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(new.query::<ShelfV2>().count().await.unwrap(), 10);
    new.run_until_idle().await.unwrap();
    assert_eq!(new.query::<ShelfV2>().count().await.unwrap(), 11);
    // The old one has nothing to do, and says so.
    run.abort();
    drop(run.await);
    old.run_until_idle().await.unwrap();
}

/// A building that was broken off goes on where it stood, in another process.
#[tokio::test(start_paused = true)]
async fn a_rebuild_goes_on_after_a_kill() {
    let store = store();
    let options = || ConsumerOptions::new().batch(1);
    let app = builder(&store).read_model_with::<Shelf>(options()).build().await.unwrap();
    for number in 0..3_000 {
        put(&store, number, &[placed("cup")]).await;
    }
    app.run_until_idle().await.unwrap();
    app.rebuild::<Shelf>().await.unwrap();
    let (_stop, run) = running(&app);
    // Nothing here waits, so that no time passes: the tasks take turns.
    loop {
        tokio::task::yield_now().await;
        let building = app.consumer("shelves").status().await.unwrap().building.unwrap();
        if building.done > 0 {
            assert!(building.done < 3_000);
            break;
        }
    }
    run.abort();
    let other = builder(&store).read_model_with::<Shelf>(options()).build().await.unwrap();
    let rebuild = other.rebuild::<Shelf>().await.unwrap();
    other.run_until_idle().await.unwrap();
    assert!(rebuild.progress().await.unwrap().finished);
    assert_eq!(shelves(&other).await.len(), 3_000);
}

/// A building that begins at the head gets no page before the next event, and is swapped all the
/// same: another worker built it up to the head, or its first swap failed. Fails without
/// `consumers.head`: see tests/guards.
#[tokio::test(start_paused = true)]
async fn a_rebuild_that_is_taken_over_at_the_head_ends() {
    let store = super::flaky::Flaky::new(&store());
    let options = ConsumerOptions::new().batch(1).rows(1);
    let app = builder(&store).read_model_with::<Shelf>(options).build().await.unwrap();
    put(&store, "a", &[placed("cup"), placed("jug")]).await;
    app.run_until_idle().await.unwrap();
    store.told.unswapped.store(1, std::sync::atomic::Ordering::SeqCst);
    let (_stop, run) = running(&app);
    let rebuild = app.rebuild::<Shelf>().await.unwrap();
    let finished = tokio::time::timeout(Duration::from_secs(600), rebuild.finished()).await;
    assert!(finished.expect("the rebuild ends").unwrap().finished);
    assert_eq!(super::flaky::count(&store.told.unswapped), 0);
    run.abort();
}

/// The same when a page is exactly full, and when the end of the feed is of events that nobody wants.
#[tokio::test(start_paused = true)]
async fn a_rebuild_ends_whatever_the_last_page_has() {
    for events in [1, 2, 15, 16, 17, 32] {
        let store = store();
        let options = ConsumerOptions::new().batch(1).rows(1);
        let app = builder(&store).read_model_with::<ShelfV2>(options).build().await.unwrap();
        put(&store, "a", &vec![placed("cup"); events]).await;
        put(&store, "a", &vec![taken("cup"); events % 3]).await;
        let (_stop, run) = running(&app);
        let rebuild = app.rebuild::<ShelfV2>().await.unwrap();
        let finished = tokio::time::timeout(Duration::from_secs(600), rebuild.finished()).await;
        assert!(finished.expect("the rebuild ends").unwrap().finished);
        run.abort();
    }
}
