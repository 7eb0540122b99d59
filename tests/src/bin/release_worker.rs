//! A process of one release that runs its consumers and sagas until its standard input ends, or until somebody kills it.
//!
//! `release_worker URL old|new LEASE_MS PAUSE_MS`

use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::{CancellationToken, Kenning, PostgresStore};
use kenning_tests::releases::{Calls, new, old};
use sqlx::postgres::PgPoolOptions;
use tokio::io::AsyncReadExt;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, release, lease, pause] = &*words else {
        return Err("usage: release_worker URL old|new LEASE_MS PAUSE_MS".into());
    };
    let store = PostgresStore::options().max_connections(6).connect(url).await?;
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
    let calls = Calls { pool, pause: Duration::from_millis(pause.parse()?) };
    let builder = Kenning::builder(store)
        .lease(Duration::from_millis(lease.parse()?))
        .sagas(SagaOptions::new().concurrency(4).poll(Duration::from_millis(100)));
    let builder = if release == "new" { new::all(builder, calls) } else { old::all(builder, calls) };
    let app = builder.build().await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    println!("ready");
    // The end of the input is the order to stop; a parent that dies gives it too.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    stop.cancel();
    running.await??;
    app.close().await;
    Ok(())
}
