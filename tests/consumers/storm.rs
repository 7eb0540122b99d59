//! Connections are cut, processes come and go, while consumers catch up and events are appended.

use std::time::Duration;

use kenning::{CancellationToken, PostgresStore};
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::shelf::{Shelf, builder, check, fill};
use crate::support::database;

/// Connects, again if the storm ends the session.
async fn store(url: &str) -> PostgresStore {
    let mut attempt = 1;
    loop {
        match PostgresStore::options().max_connections(6).connect(url).await {
            Ok(store) => return store,
            Err(error) => assert!(attempt < 50, "the database answers: {error:?}"),
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_a_catch_up_equals_a_fold_by_hand() {
    let url = database().await;
    let app = builder(store(&url).await, 4).build().await.unwrap();
    fill(&**app.store(), 200, 3_000).await;
    app.run_until_idle().await.unwrap();
    check(&app).await;
    let rebuild = app.rebuild::<Shelf>().await.unwrap();
    app.run_until_idle().await.unwrap();
    assert!(rebuild.progress().await.unwrap().finished);
    check(&app).await;
    app.close().await;
}

/// Three processes share a consumer while every connection is cut again and again, and one of them leaves and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_23_connections_are_cut_while_three_processes_catch_up() {
    let url = database().await;
    let first = builder(store(&url).await, 4).build().await.unwrap();
    fill(&**first.store(), 200, 2_000).await;
    let stop = CancellationToken::new();
    let mut runs = Vec::new();
    for _ in 0..3 {
        let app = builder(store(&url).await, 4).build().await.unwrap();
        let stop = stop.clone();
        runs.push(tokio::spawn(async move {
            app.run(stop).await.unwrap();
            app.close().await;
        }));
    }
    let storm = tokio::spawn({
        let (url, stop) = (url.clone(), stop.clone());
        async move {
            let mut admin = PgConnection::connect(&url).await.unwrap();
            while !stop.is_cancelled() {
                admin
                    .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
        }
    });
    for _ in 0..3 {
        fill(&**first.store(), 200, 150).await;
        // One leaves without a word.
        runs[0].abort();
        let app = builder(store(&url).await, 4).build().await;
        if let Ok(app) = app {
            let stop = stop.clone();
            runs[0] = tokio::spawn(async move {
                app.run(stop).await.unwrap();
                app.close().await;
            });
        }
    }
    stop.cancel();
    for run in runs {
        match run.await {
            Err(error) if error.is_cancelled() => {}
            ended => ended.unwrap(),
        }
    }
    storm.await.unwrap();
    first.run_until_idle().await.unwrap();
    check(&first).await;
    first.close().await;
}
