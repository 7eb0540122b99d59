//! Following the feed.

use super::support::*;
use crate::ConsumerOptions;

#[tokio::test(start_paused = true)]
async fn rows_are_folded_from_what_was_there() {
    let store = store();
    put(&store, "a", &[placed("cup"), placed("jug")]).await;
    put(&store, "b", &[placed("pot"), taken("pot"), Removed {}.into()]).await;
    put(&store, "c", &[placed("pan"), taken("pan")]).await;
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    app.run_until_idle().await.unwrap();
    let rows = app.query::<Shelf>().fetch().await.unwrap();
    let row = |id: &str, things, last: &str| Shelf { id: id.to_owned(), things, last: last.to_owned() };
    assert_eq!(rows, [row("a", 2, "jug"), row("c", 0, "pan")]);
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
        let rows = app.query::<Shelf>().fetch().await.unwrap();
        assert_eq!(rows.len(), 50);
        assert!(rows.iter().all(|row| row.things == 1 && row.last == "19"), "{rows:?}");
        app.close().await;
    }
}
