//! A process of a failover storm. It runs the consumers and the sagas, and sends requests until a
//! line comes on its standard input; then it runs until its input ends.
//!
//! `failover_worker URL HISTORY SEED TASKS TALLIES`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kenning::{CancellationToken, PostgresStore};
use kenning_tests::failover::{History, Worker, application};
use tokio::io::AsyncBufReadExt;

struct Arguments {
    url: String,
    history: PathBuf,
    seed: u64,
    tasks: u64,
    tallies: u32,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1);
    Some(Arguments {
        url: words.next()?,
        history: words.next()?.into(),
        seed: words.next()?.parse().ok()?,
        tasks: words.next()?.parse().ok()?,
        tallies: words.next()?.parse().ok()?,
    })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments().ok_or("usage: failover_worker URL HISTORY SEED TASKS TALLIES")?;
    let options = PostgresStore::options()
        .max_connections(6)
        .acquire_timeout(Duration::from_secs(2))
        .statement_timeout(Duration::from_secs(5))
        .recovery_timeout(Duration::from_secs(5));
    let store = options.connect(&arguments.url).await?;
    let app = application(store.clone(), &arguments.url).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run(stop).await }
    });
    let history = Arc::new(History::open(&arguments.history));
    let worker =
        Worker { app: app.clone(), store, history, tallies: arguments.tallies, calm: AtomicBool::new(false) };
    let worker = Arc::new(worker);
    let tasks: Vec<_> = (0..arguments.tasks)
        .map(|task| {
            let worker = Arc::clone(&worker);
            tokio::spawn(async move { worker.rage(arguments.seed * 1_000 + task).await })
        })
        .collect();
    println!("ready");
    // The end of the input is the order to stop; a parent that dies gives it too.
    let mut input = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    let calmed = input.next_line().await?;
    worker.calm.store(true, Ordering::Release);
    for task in tasks {
        task.await?;
    }
    if calmed.is_some() {
        println!("calm");
        while input.next_line().await?.is_some() {}
    }
    stop.cancel();
    running.await??;
    app.close().await;
    Ok(())
}
