//! How runs end and begin again.

use std::time::Duration;

use kenning::CancellationToken;

use super::domain::word;
use super::{append, idle, in_time, noted};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    trap_28_a_drain_that_is_cut_short_restarts_cleanly
    a_run_drains_and_gives_its_leases_back
}

/// The run is dropped wherever it is, over and over, as by a runtime that shuts down.
async fn trap_28_a_drain_that_is_cut_short_restarts_cleanly<H: Home>(home: H) {
    let mut expected = String::new();
    for round in 0..12_u64 {
        let app = super::app(home.store().await).await;
        for nth in 0..40 {
            let text = format!("{round}.{nth} ");
            append(&**app.store(), "one", vec![word(&text)]).await;
            expected.push_str(&text);
        }
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (app, stop) = (app.clone(), stop.clone());
            async move { app.run(stop).await }
        });
        tokio::time::sleep(Duration::from_millis(round)).await;
        stop.cancel();
        running.abort();
        drop(running.await);
        drop(app);
    }
    let app = super::app(home.store().await).await;
    idle(&app).await;
    assert_eq!(noted(&app, "one").await, Some(expected));
    app.close().await;
}

async fn a_run_drains_and_gives_its_leases_back<H: Home>(home: H) {
    let app = super::app(home.store().await).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    append(&**app.store(), "one", vec![word("a")]).await;
    in_time("the row", async {
        while noted(&app, "one").await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let workers = |consumers: Vec<kenning::ConsumerStatus>| {
        consumers.iter().flat_map(|one| &one.partitions).filter(|one| one.worker.is_some()).count()
    };
    assert_eq!(workers(app.consumers().await.expect("they can be listed")), 2);
    stop.cancel();
    in_time("the run to end", running).await.expect("it does not panic").expect("it ends well");
    assert_eq!(workers(app.consumers().await.expect("they can be listed")), 0);
    app.close().await;
}
