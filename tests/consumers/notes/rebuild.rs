//! Rebuilding beside what serves.

use kenning::{CancellationToken, Kenning};

use super::domain::{Row, Rows, word};
use super::{append, idle, in_time, noted};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    trap_26_a_rebuild_equals_the_live_result_twice_while_it_is_written
    trap_26_a_rebuild_that_was_left_is_finished_by_another_process
}

async fn rows(app: &Kenning) -> (Vec<Row>, Vec<Rows>) {
    let rows = app.query::<Row>().order_by(Row::ID.asc()).fetch().await.expect("it can be asked");
    (rows, app.query::<Rows>().order_by(Rows::ID.asc()).fetch().await.expect("it can be asked"))
}

/// Two read models on the same streams; the store is idle at first, and busy while it is rebuilt for the second time.
async fn trap_26_a_rebuild_equals_the_live_result_twice_while_it_is_written<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    for nth in 0..300 {
        append(&**app.store(), &format!("{}", nth % 17), vec![word(&format!("{nth} "))]).await;
    }
    idle(&app).await;
    let live = rows(&app).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let rebuilt = app.rebuild::<Row>().await.expect("it begins");
    in_time("the rebuild", rebuilt.finished()).await.expect("it ends well");
    assert!(rows(&app).await == live, "a rebuild gives what was there");

    let busy = tokio::spawn({
        let app = app.clone();
        async move {
            for nth in 300..500 {
                append(&**app.store(), &format!("{}", nth % 17), vec![word(&format!("{nth} "))]).await;
            }
        }
    });
    let (one, other) =
        (app.rebuild::<Row>().await.expect("it begins"), app.rebuild::<Rows>().await.expect("it begins"));
    in_time("the rebuild", one.finished()).await.expect("it ends well");
    in_time("the rebuild", other.finished()).await.expect("it ends well");
    let progress = one.progress().await.expect("it can be asked");
    assert!(progress.finished && progress.done >= 300, "{progress:?}");
    busy.await.expect("the writer does not panic");
    stop.cancel();
    in_time("the run to end", running).await.expect("it does not panic").expect("it ends well");
    idle(&app).await;
    let (words, counts) = rows(&app).await;
    for stream in 0..17 {
        let expected: String =
            (0..500).filter(|word| word % 17 == stream).map(|word| format!("{word} ")).collect();
        assert_eq!(noted(&app, &stream.to_string()).await, Some(expected));
    }
    assert_eq!((words.len(), counts.iter().map(|row| row.words).sum::<i64>()), (17, 500));
    app.close().await;
}

async fn trap_26_a_rebuild_that_was_left_is_finished_by_another_process<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    for nth in 0..200 {
        append(&**app.store(), &format!("{}", nth % 5), vec![word(&format!("{nth} "))]).await;
    }
    idle(&app).await;
    let live = rows(&app).await;
    drop(app.rebuild::<Row>().await.expect("it begins"));
    // Not closed: that would close the store in memory for all.
    drop(app);

    let next = super::app(home.store().await).await;
    assert!(rows(&next).await == live, "the old table serves");
    idle(&next).await;
    assert!(rows(&next).await == live, "the new one is the same");
    let consumers = next.consumers().await.expect("they can be listed");
    let rebuilt = consumers.iter().find(|one| &*one.name == "note_words").expect("it is there");
    assert_eq!(rebuilt.building, None, "the rebuild has ended");
    next.close().await;
}
