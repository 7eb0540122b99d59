//! A long stream, without a snapshot.

use std::sync::Arc;
use std::time::Instant;

use sqlx::PgPool;
use uuid::Uuid;

use crate::Result;
use crate::cpu::Cpu;
use crate::domain::{Account, Import};
use crate::driver::{Bank, Wish, entry};
use crate::floor::{self, Plain};
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::ours::Ours;
use crate::workload::Context;

pub(crate) async fn rehydrate(context: Context, events: u64) -> Result<Workload> {
    let pool = context.pool().await?;
    floor::create(&pool).await?;
    let ours = Arc::new(Ours::create(&context).await?);
    let account = Uuid::now_v7();
    let plain = Plain::new(pool.clone());
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..events / 100 {
        let import = Import { account, entries: (0..100).map(|_| entry(&mut random)).collect() };
        ours.execute(Wish::Import(import.clone())).await?;
        plain.execute(Wish::Import(import)).await?;
    }
    sqlx::query("VACUUM ANALYZE").execute(&pool).await?;
    let expected = floor::rehydrate(&pool, &floor::stream(account)).await?.0.totals();
    if expected.0 != events {
        return Err(format!("{} events were replayed instead of {events}", expected.0).into());
    }
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![
            side("ours", events, expected, move || {
                let ours = Arc::clone(&ours);
                async move { Ok(ours.app.load::<Account>(&account).await?.totals()) }
            }),
            side("sqlx stream, variants", events, expected, move || by_hand(pool.clone(), account)),
        ],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.85))],
    })
}

async fn by_hand(pool: PgPool, account: Uuid) -> Result<(u64, i64)> {
    Ok(floor::rehydrate(&pool, &floor::stream(account)).await?.0.totals())
}

/// One replay after the other; each has to come to the same totals. The value is events a second.
fn side<F: Future<Output = Result<(u64, i64)>> + Send>(
    name: &'static str,
    events: u64,
    expected: (u64, i64),
    load: impl Fn() -> F + Clone + Send + 'static,
) -> Side {
    Side::new(name, move |duration| {
        let load = load.clone();
        async move {
            load().await?;
            let before = Cpu::now();
            let (began, mut loads) = (Instant::now(), 0);
            while began.elapsed() < duration {
                if load().await? != expected {
                    return Err("a replay came to other totals".into());
                }
                loads += 1;
            }
            Ok(Sample::rate(loads * events, began.elapsed()).cpu(&before, &Cpu::now()))
        }
    })
}
