//! A process that writes to a PostgreSQL store until its standard input ends, or until somebody kills it, and journals what it was told.
//!
//! `writer URL JOURNAL SEED TASKS TALLIES PAUSE_MS CONNECTIONS`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kenning::Kenning;
use kenning::store::PostgresStore;
use kenning_tests::storm::{Journal, Storm, Tally};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

struct Arguments {
    url: String,
    journal: PathBuf,
    seed: u64,
    tasks: u64,
    tallies: u32,
    pause: Duration,
    connections: u32,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1);
    Some(Arguments {
        url: words.next()?,
        journal: words.next()?.into(),
        seed: words.next()?.parse().ok()?,
        tasks: words.next()?.parse().ok()?,
        tallies: words.next()?.parse().ok()?,
        pause: Duration::from_millis(words.next()?.parse().ok()?),
        connections: words.next()?.parse().ok()?,
    })
}

/// Tries for some time, as what supervises a process would: the storm ends sessions at any moment.
async fn application(arguments: &Arguments) -> Result<(PostgresStore, Kenning), Box<dyn std::error::Error>> {
    let mut attempt = 1;
    loop {
        match build(arguments).await {
            Err(error) if attempt < 50 => eprintln!("attempt {attempt} to start: {error}"),
            done => return done,
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn build(arguments: &Arguments) -> Result<(PostgresStore, Kenning), Box<dyn std::error::Error>> {
    let store =
        PostgresStore::options().max_connections(arguments.connections).connect(&arguments.url).await?;
    let app = Kenning::builder(store.clone()).aggregate::<Tally>().build().await?;
    Ok((store, app))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments().ok_or("usage: writer URL JOURNAL SEED TASKS TALLIES PAUSE_MS CONNECTIONS")?;
    let (store, app) = application(&arguments).await?;
    let journal = Arc::new(Journal::open(&arguments.journal));
    let storm = Arc::new(Storm {
        app: app.clone(),
        store,
        journal,
        tallies: arguments.tallies,
        pause: arguments.pause,
    });
    let (stop, stopped) = watch::channel(false);
    let tasks: Vec<_> = (0..arguments.tasks)
        .map(|task| {
            let (storm, stopped) = (Arc::clone(&storm), stopped.clone());
            tokio::spawn(async move { storm.rage(arguments.seed * 1_000 + task, stopped).await })
        })
        .collect();
    // The end of the input is the order to stop; a parent that dies gives it too.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    stop.send_replace(true);
    for task in tasks {
        task.await?;
    }
    app.close().await;
    Ok(())
}
