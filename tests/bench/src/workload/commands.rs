//! Load, decide and append.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::{Deposit, Import};
use crate::driver::{Bank, Mix, Wish, drive, entry, opening};
use crate::floor::{self, Cached, Commit, Plain};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::ours::Ours;
use crate::workload::Context;

/// One event a command on different streams, with many writers: beside both floors.
pub(crate) async fn many(context: Context, writers: usize) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let group = Cached::new(pool.clone(), Commit::group(&pool));
    let (cache_target, plain_target) = match writers {
        64 => (Target::AtLeast(0.8), Target::AtLeast(5.0)),
        _ => (Target::AtLeast(0.8), Target::Shown),
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", Ours::create(&context).await?, Mix::HalfNew, writers),
            side("group-cache", group, Mix::HalfNew, writers),
            side("plain", Plain::new(pool), Mix::HalfNew, writers),
        ],
        comparisons: vec![Comparison::new(0, 1, cache_target), Comparison::new(0, 2, plain_target)],
    })
}

/// One writer: beside the plain floor, and beside one that knows the states.
pub(crate) async fn one(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", Ours::create(&context).await?, Mix::HalfNew, 1),
            side("plain", Plain::new(pool.clone()), Mix::HalfNew, 1),
            side("known state", Cached::new(pool, Commit::Single), Mix::HalfNew, 1),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9)), Comparison::new(0, 2, Target::Shown)],
    })
}

/// Ten events a command, sixteen writers.
pub(crate) async fn ten_events(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", Ours::create(&context).await?, Mix::TenEvents, 16),
            side("group-cache", Cached::new(pool.clone(), Commit::group(&pool)), Mix::TenEvents, 16),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.9))],
    })
}

/// Sixteen writers on one stream. A command that loses against another of the same process would end the run with its error.
pub(crate) async fn one_stream(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let (ours, known) = (Ours::create(&context).await?, Cached::new(pool, Commit::Single));
    let account = Uuid::now_v7();
    ours.execute(Wish::Open(opening(account))).await?;
    known.execute(Wish::Open(opening(account))).await?;
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", ours, Mix::OneStream(account), 16),
            side("queue, known state", known, Mix::OneStream(account), 16),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}

/// What an id given by the caller costs: the same commands with and without.
pub(crate) async fn given_ids(context: Context) -> Result<Workload> {
    let drawn = Ours::create(&context).await?;
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("given ids", drawn.with_given_ids(), Mix::HalfNew, 64),
            side("ours, drawn ids", drawn, Mix::HalfNew, 64),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::Shown)],
    })
}

/// Commands on streams that are there and that nobody in the process has touched: each has to be read. A round takes this many of them.
const COLD: usize = 10_000;

/// Sixty-four writers, each command on a stream of five events that is not known.
pub(crate) async fn cold(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let ours = Arc::new(Ours::create(&context).await?);
    let group = Arc::new(Cached::new(pool.clone(), Commit::group(&pool)));
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            Side::new("ours", {
                move |_| {
                    let (context, filler) = (context.clone(), Arc::clone(&ours));
                    async move {
                        let accounts = fill(&filler).await?;
                        deposit_each(&Arc::new(Ours::connect(&context).await?), accounts).await
                    }
                }
            }),
            Side::new("group-cache", {
                move |_| {
                    let (pool, filler) = (pool.clone(), Arc::clone(&group));
                    async move {
                        let accounts = fill(&filler).await?;
                        deposit_each(&Arc::new(Cached::new(pool.clone(), Commit::group(&pool))), accounts)
                            .await
                    }
                }
            }),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::Shown)],
    })
}

/// Opens accounts of five events.
async fn fill<B: Bank>(bank: &Arc<B>) -> Result<Vec<Uuid>> {
    let accounts: Vec<Uuid> = (0..COLD).map(|_| Uuid::now_v7()).collect();
    let import = |account, random: &mut fastrand::Rng| {
        Wish::Import(Import { account, entries: (0..5).map(|_| entry(random)).collect() })
    };
    each(bank, accounts.clone(), import).await?;
    Ok(accounts)
}

async fn deposit_each<B: Bank>(bank: &Arc<B>, accounts: Vec<Uuid>) -> Result<Sample> {
    let commands = accounts.len() as u64;
    let before = Cpu::now();
    let elapsed =
        each(bank, accounts, |account, random| Wish::Deposit(Deposit { account, entry: entry(random) }))
            .await?;
    Ok(Sample::rate(commands, elapsed).cpu(&before, &Cpu::now()))
}

/// One command for each account, by sixty-four writers.
async fn each<B: Bank>(
    bank: &Arc<B>,
    accounts: Vec<Uuid>,
    wish: impl Fn(Uuid, &mut fastrand::Rng) -> Wish + Copy + Send + 'static,
) -> Result<Duration> {
    let accounts = Arc::new(Mutex::new(accounts));
    let began = Instant::now();
    let tasks: Vec<tokio::task::JoinHandle<Result<()>>> = (0..64)
        .map(|_| {
            let (bank, accounts) = (Arc::clone(bank), Arc::clone(&accounts));
            tokio::spawn(async move {
                let mut random = fastrand::Rng::new();
                let next = || accounts.lock().unwrap_or_else(PoisonError::into_inner).pop();
                while let Some(account) = next() {
                    bank.execute(wish(account, &mut random)).await?;
                }
                Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(began.elapsed())
}

fn side<B: Bank>(name: &'static str, bank: B, mix: Mix, writers: usize) -> Side {
    let bank = Arc::new(bank);
    Side::new(name, move |duration| {
        let bank = Arc::clone(&bank);
        async move { drive(&bank, mix, writers, duration).await }
    })
}
