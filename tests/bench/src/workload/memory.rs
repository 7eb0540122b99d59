//! In memory, on one thread.

use std::time::{Duration, Instant};

use kenning::{Kenning, MemoryStore};

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::Account;
use crate::driver::{Mix, Wish, Writer};
use crate::floor::MemoryBank;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};

/// How many commands are given between two looks at the clock.
const STRIDE: u64 = 256;

pub(crate) async fn memory() -> Result<Workload> {
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            Side::new("ours", |duration| async move {
                tokio::task::spawn_blocking(move || ours(duration)).await?
            }),
            Side::new("map of vectors", |duration| async move {
                tokio::task::spawn_blocking(move || by_hand(duration)).await?
            }),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}

fn ours(duration: Duration) -> Result<Sample> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = Kenning::builder(MemoryStore::new()).aggregate::<Account>().build().await?;
        let mut writer = Writer::new(Mix::HalfNew);
        let before = Cpu::now();
        let (began, mut commands) = (Instant::now(), 0);
        while began.elapsed() < duration {
            for _ in 0..STRIDE {
                match writer.next() {
                    Wish::Open(open) => drop(app.execute(open).await?),
                    Wish::Deposit(deposit) => drop(app.execute(deposit).await?),
                    Wish::Import(import) => drop(app.execute(import).await?),
                }
            }
            commands += STRIDE;
        }
        let sample = Sample::rate(commands, began.elapsed()).cpu(&before, &Cpu::now());
        app.close().await;
        Ok(sample)
    })
}

fn by_hand(duration: Duration) -> Result<Sample> {
    let mut bank = MemoryBank::default();
    let mut writer = Writer::new(Mix::HalfNew);
    let before = Cpu::now();
    let (began, mut commands) = (Instant::now(), 0);
    while began.elapsed() < duration {
        for _ in 0..STRIDE {
            bank.execute(writer.next())?;
        }
        commands += STRIDE;
    }
    let sample = Sample::rate(commands, began.elapsed()).cpu(&before, &Cpu::now());
    if bank.events() != commands {
        return Err("the map has lost an event".into());
    }
    Ok(sample)
}
