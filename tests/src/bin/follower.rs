//! A process that runs the consumers of meters until its standard input ends, or until somebody kills it.
//!
//! `follower URL PARTITIONS BATCH LEASE_MS PAUSE_MS`

use std::time::Duration;

use kenning::{CancellationToken, ConsumerOptions, Kenning, PostgresStore};
use kenning_tests::meters::{MeterSummary, PlaceTotals, Seen};
use tokio::io::AsyncReadExt;

struct Arguments {
    url: String,
    partitions: u16,
    batch: usize,
    lease: Duration,
    pause: Duration,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1);
    Some(Arguments {
        url: words.next()?,
        partitions: words.next()?.parse().ok()?,
        batch: words.next()?.parse().ok()?,
        lease: Duration::from_millis(words.next()?.parse().ok()?),
        pause: Duration::from_millis(words.next()?.parse().ok()?),
    })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments().ok_or("usage: follower URL PARTITIONS BATCH LEASE_MS PAUSE_MS")?;
    let store = PostgresStore::options().max_connections(8).connect(&arguments.url).await?;
    let options = ConsumerOptions::new().batch(arguments.batch);
    let app = Kenning::builder(store)
        .lease(arguments.lease)
        .read_model_with::<MeterSummary>(options.clone().partitions(arguments.partitions))
        .read_model_with::<PlaceTotals>(options.clone())
        .projection_with(Seen { pause: arguments.pause }, options.partitions(arguments.partitions))
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
