//! The background task that forgets what the ledger no longer has to remember.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::builder::Options;
use super::runtime::with_sources;
use crate::store::{EventStore, StoreError};
use crate::telemetry;

const TASK: &str = "ledger retention";

/// How often the ledger is looked through, and how many commands are forgotten by one statement.
const EVERY: Duration = Duration::from_secs(10 * 60);
const BATCH: u32 = 1_000;

/// After a failure the next try comes sooner than the next round.
const RETRY: Duration = Duration::from_secs(5);

/// The running task.
pub(super) struct Maintenance {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Maintenance {
    /// Starts the task; it ends when the gate is closed or gone.
    pub(super) fn start(
        store: Arc<dyn EventStore>,
        options: &Options,
        closed: watch::Receiver<bool>,
    ) -> Self {
        let retention = Arc::new(Retention { store, keep: options.ledger_retention });
        Self { task: Mutex::new(Some(tokio::spawn(supervise(retention, closed)))) }
    }

    /// Waits for the task's end, after the gate was closed.
    pub(super) async fn stopped(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            telemetry::task_failures(TASK).increment(1);
            tracing::error!(task = TASK, %error, "a background task has ended by itself");
        }
    }
}

/// Runs round after round. A round that fails or panics is logged, counted and tried again later; it never ends the task.
async fn supervise(retention: Arc<Retention>, mut closed: watch::Receiver<bool>) {
    let mut pause = jittered(EVERY);
    let mut failures = 0;
    loop {
        // An error says that the application is gone, which closes as well.
        if let Ok(Ok(_) | Err(_)) = tokio::time::timeout(pause, closed.wait_for(|closed| *closed)).await {
            return;
        }
        // A task of its own shows a panic of the store as an error.
        let error = match tokio::spawn(Arc::clone(&retention).round()).await {
            Ok(Ok(forgotten)) => {
                telemetry::ledger_forgotten().increment(forgotten);
                (failures, pause) = (0, jittered(EVERY));
                continue;
            }
            Ok(Err(error)) => with_sources(&error),
            Err(panic) => panic.to_string(),
        };
        failures += 1;
        pause = jittered(RETRY.saturating_mul(1 << failures.min(7)).min(EVERY));
        telemetry::task_failures(TASK).increment(1);
        tracing::warn!(task = TASK, error, failures, "a background task has failed and is tried again");
    }
}

struct Retention {
    store: Arc<dyn EventStore>,
    keep: Duration,
}

impl Retention {
    /// Forgets all commands that are old enough by the store's clock, in batches. The clock of this process may be wrong
    /// by any amount.
    async fn round(self: Arc<Self>) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let batch = self.store.forget_commands(self.keep, BATCH).await?;
            forgotten += batch;
            if batch < u64::from(BATCH) {
                return Ok(forgotten);
            }
            tokio::task::yield_now().await;
        }
    }
}

/// Between three quarters and the whole of a duration, so that processes started together do not work together.
fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(0.75 + fastrand::f64() / 4.0)
}
