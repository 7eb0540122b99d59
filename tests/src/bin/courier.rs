//! A process that runs the sagas of parcels until its standard input ends, or until somebody kills it.
//!
//! `courier URL LEASE_MS PAUSE_MS FLAKY`

use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::{CancellationToken, Kenning, PostgresStore};
use kenning_tests::parcels::{Parcel, Post};
use sqlx::postgres::PgPoolOptions;
use tokio::io::AsyncReadExt;

struct Arguments {
    url: String,
    lease: Duration,
    pause: Duration,
    flaky: u8,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1);
    Some(Arguments {
        url: words.next()?,
        lease: Duration::from_millis(words.next()?.parse().ok()?),
        pause: Duration::from_millis(words.next()?.parse().ok()?),
        flaky: words.next()?.parse().ok()?,
    })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments().ok_or("usage: courier URL LEASE_MS PAUSE_MS FLAKY")?;
    let store = PostgresStore::options().max_connections(6).connect(&arguments.url).await?;
    // Its own connections: the outside knows nothing of the store's transactions.
    let pool = PgPoolOptions::new().max_connections(6).connect(&arguments.url).await?;
    let post = Post { pool, pause: arguments.pause, flaky: arguments.flaky };
    let app = Kenning::builder(store)
        .lease(arguments.lease)
        .sagas(SagaOptions::new().concurrency(16).poll(Duration::from_millis(100)))
        .saga::<Parcel>(post)
        .build()
        .await?;
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
