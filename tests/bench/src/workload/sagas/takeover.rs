//! How soon the instances of a dead process are taken over.

use std::time::{Duration, Instant};

use kenning::saga::SagaOptions;
use kenning::store::{SagaClaim, SagaStore, SagaWorker, WantedSaga};
use kenning::{CancellationToken, Saga};
use uuid::Uuid;

use super::delivery::{Delivery, LEASE};
use super::{application, fill, reopened};
use crate::Result;
use crate::cpu::Cpu;
use crate::floor::saga;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::Context;

const INSTANCES: u64 = 10_000;

/// From the death of a process with ten thousand instances until the last of them is not its own any more, beside its lease: five seconds more at the most.
pub(crate) async fn takeover(context: Context) -> Result<Workload> {
    let dead = {
        let context = context.clone();
        move |_: Duration| {
            let context = context.clone();
            async move {
                let (store, app) = application(&context, SagaOptions::new()).await?;
                let pool = context.pool().await?;
                fill(&store, &pool, INSTANCES).await?;
                app.close().await;
                let (store, app) = reopened(&context, SagaOptions::new(), LEASE).await?;
                let definition = kenning::saga::SagaDescription::of::<Delivery>().fingerprint();
                let name: std::sync::Arc<str> = Delivery::NAME.into();
                let worker = Uuid::now_v7();
                let definitions = vec![(std::sync::Arc::clone(&name), definition)];
                store.enlist_saga_worker(&SagaWorker { worker, duration: LEASE, definitions }).await?;
                let room = u32::try_from(INSTANCES)?;
                let wanted = WantedSaga { saga: name, definitions: vec![definition], share: room, room };
                store.claim_sagas(&SagaClaim { worker, room, wanted: vec![wanted] }).await?;
                // From here on nothing is heard of it.
                let stop = CancellationToken::new();
                let (before, died) = (Cpu::now(), Instant::now());
                let running = tokio::spawn({
                    let (app, stop) = (app.clone(), stop.clone());
                    async move { app.run(stop).await }
                });
                loop {
                    let sql = "SELECT count(*) FROM ours.sagas WHERE owner = $1";
                    let left: i64 = sqlx::query_scalar(sql).bind(worker).fetch_one(&pool).await?;
                    if left == 0 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let sample =
                    Sample::time(died.elapsed().as_secs_f64() * 1e3, INSTANCES).cpu(&before, &Cpu::now());
                // All of them come to their end as well.
                while u64::try_from(saga::completed(&pool, "ours.sagas").await?)? < INSTANCES {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                stop.cancel();
                running.await??;
                Ok(sample)
            }
        }
    };
    let lease = move |_: Duration| async { Ok(Sample::time(LEASE.as_secs_f64() * 1e3, 1)) };
    Ok(Workload {
        unit: Unit::Milliseconds,
        sides: vec![Side::new("taken over", dead), Side::new("its lease", lease)],
        comparisons: vec![Comparison::new(0, 1, Target::Within(5_000.0))],
    })
}
