//! A workflow of three steps that do nothing, on other crates. `kenning-bench` starts this with the name of
//! the crate as the argument, and the database in `DATABASE_URL`.
//!
//! Each line of the input is a round: `alone COUNT` runs workflows one after the other, `closed
//! CALLERS SECONDS` has callers that start one, wait for its end, and repeat. Each line of the
//! output is an answer: of the first the median in milliseconds, of the second workflows a second;
//! and after a blank how many that were.

mod by_dbos;
mod by_durare;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many connections each side has.
pub(crate) const CONNECTIONS: u32 = 32;

/// The input of a workflow: the data that the saga of the benchmark has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    customer: String,
    address: String,
    cents: i64,
}

impl Delivery {
    fn new() -> Self {
        Self {
            customer: "0190a6f4-7d2c-7a44-9f10-5c1d8e0b7a11".to_owned(),
            address: "Naval Surface Warfare Center, Dahlgren, Virginia 22448".to_owned(),
            cents: 4950,
        }
    }
}

/// Starts a workflow under a new id and waits for its end.
pub(crate) trait Rival: Send + Sync + 'static {
    fn run(&self, id: String, input: Delivery) -> impl Future<Output = Result<String, Error>> + Send;
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::var("DATABASE_URL")?;
    match std::env::args().nth(1).as_deref() {
        Some("dbos") => answer(by_dbos::ByDbos::connect(&url).await?).await,
        Some("durare") => answer(by_durare::ByDurare::connect(&url).await?).await,
        other => Err(format!("`{other:?}` is none of dbos, durare").into()),
    }
}

async fn answer(rival: impl Rival) -> Result<(), Error> {
    let rival = Arc::new(rival);
    let mut rounds = BufReader::new(tokio::io::stdin()).lines();
    let mut output = tokio::io::stdout();
    while let Some(round) = rounds.next_line().await? {
        let words: Vec<&str> = round.split_whitespace().collect();
        let (value, count) = match words.as_slice() {
            ["alone", count] => alone(&*rival, count.parse()?).await?,
            ["closed", callers, seconds] => {
                closed(&rival, callers.parse()?, Duration::from_secs_f64(seconds.parse()?)).await?
            }
            _ => return Err(format!("`{round}` is no round").into()),
        };
        output.write_all(format!("{value} {count}\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

async fn one(rival: &impl Rival) -> Result<(), Error> {
    let output = rival.run(uuid::Uuid::now_v7().to_string(), Delivery::new()).await?;
    if output == "none" { Ok(()) } else { Err(format!("a workflow has returned `{output}`").into()) }
}

async fn alone(rival: &impl Rival, count: usize) -> Result<(f64, u64), Error> {
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        one(rival).await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[count / 2], count as u64))
}

async fn closed(rival: &Arc<impl Rival>, callers: usize, duration: Duration) -> Result<(f64, u64), Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (rival, stop) = (Arc::clone(rival), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    one(&*rival).await?;
                    count += 1;
                }
                Ok::<u64, Error>(count)
            })
        })
        .collect();
    tokio::time::sleep(duration).await;
    stop.store(true, Ordering::Relaxed);
    let mut count = 0;
    for caller in callers {
        count += caller.await??;
    }
    Ok((count as f64 / began.elapsed().as_secs_f64(), count))
}
