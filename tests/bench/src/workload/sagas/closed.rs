//! Callers that start a saga, wait for its end, and repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kenning::saga::SagaOptions;
use tokio::sync::Mutex;

use super::alone::one;
use super::{Running, application};
use crate::Result;
use crate::cpu::Cpu;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::rival::{self, Rival};
use crate::workload::Context;

const CALLERS: usize = 64;

/// Sagas of three steps a second, beside the crates `dbos` and `durare`.
pub(crate) async fn closed(context: Context) -> Result<Workload> {
    let (store, app) = application(&context, SagaOptions::new().concurrency(2 * CALLERS)).await?;
    let running = Arc::new(Mutex::new((Running::start(&app), store)));
    let ours = move |duration: Duration| {
        let (app, running) = (app.clone(), Arc::clone(&running));
        async move {
            let _running = running.lock().await;
            let stop = Arc::new(AtomicBool::new(false));
            let (before, began) = (Cpu::now(), Instant::now());
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    let (app, stop) = (app.clone(), Arc::clone(&stop));
                    tokio::spawn(async move {
                        let mut count = 0_u64;
                        while !stop.load(Ordering::Relaxed) {
                            one(&app).await?;
                            count += 1;
                        }
                        Result::<u64>::Ok(count)
                    })
                })
                .collect();
            tokio::time::sleep(duration).await;
            stop.store(true, Ordering::Relaxed);
            let mut count = 0;
            for caller in callers {
                count += caller.await??;
            }
            Ok(Sample::rate(count, began.elapsed()).cpu(&before, &Cpu::now()))
        }
    };
    let round = |duration: Duration| format!("closed {CALLERS} {}", duration.as_secs_f64());
    let mut sides = vec![Side::new("ours", ours)];
    for name in ["dbos", "durare"] {
        sides.push(rival::side(name, Rival::start(name, &context.url)?, Unit::PerSecond, round));
    }
    Ok(Workload {
        unit: Unit::PerSecond,
        sides,
        comparisons: vec![
            Comparison::new(0, 1, Target::AtLeast(4.0)),
            Comparison::new(0, 2, Target::AtLeast(4.0)),
        ],
    })
}
