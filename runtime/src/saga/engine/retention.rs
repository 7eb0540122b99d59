//! Forgetting instances that ended long ago.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use crate::app::with_sources;
use crate::consumer::panic_text;
use crate::store::{SagaStore, StoreError};
use crate::telemetry;

const TASK: &str = "saga retention";

/// How often old instances are looked for, and how many are forgotten in one transaction.
const EVERY: Duration = Duration::from_secs(10 * 60);
const BATCH: u32 = 500;

/// The pause after a failure; twice as long after each further one.
const RETRY: Duration = Duration::from_secs(5);

/// Forgets what is old until the token fires. A round that fails or panics is logged, counted and
/// repeated later.
pub(super) async fn prune<S: SagaStore>(shared: &Shared<S>, stop: &CancellationToken) {
    if shared.options.retention == Duration::MAX {
        return stop.cancelled().await;
    }
    let (mut pause, mut failures) = (jittered(EVERY), 0_u32);
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let round = AssertUnwindSafe(round(shared, stop)).catch_unwind().await;
        let error = match round {
            Ok(Ok(forgotten)) => {
                if forgotten > 0 {
                    tracing::info!(task = TASK, forgotten, "ended saga instances forgotten");
                }
                (failures, pause) = (0, jittered(EVERY));
                continue;
            }
            Ok(Err(error)) => with_sources(&error),
            Err(panic) => panic_text(&*panic),
        };
        failures = failures.saturating_add(1);
        pause = jittered(RETRY.saturating_mul(1 << failures.min(7)).min(EVERY));
        telemetry::task_failures(TASK).increment(1);
        tracing::warn!(task = TASK, error, failures, "background task failed, retrying");
    }
}

/// Forgets all that is old, in batches.
async fn round<S: SagaStore>(shared: &Shared<S>, stop: &CancellationToken) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    while !stop.is_cancelled() {
        let batch = shared.store.prune_sagas(shared.options.retention, BATCH).await?;
        forgotten += batch;
        if batch < u64::from(BATCH) {
            break;
        }
        tokio::task::yield_now().await;
    }
    Ok(forgotten)
}

/// Between three quarters and the whole of a duration, so that processes started together do not work
/// together.
fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(0.75 + fastrand::f64() / 4.0)
}
