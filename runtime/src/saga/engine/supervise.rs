//! Looking after the run of one instance.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::adopt::{Adopted, adopt};
use super::run::{Ended, Run};
use super::worker::{Slot, Worker};
use crate::app::with_sources;
use crate::saga::decide::Begin;
use crate::store::{ClaimedSaga, SagaStore, SagaWhole, StoreError};
use crate::telemetry;

const TASK: &str = "saga";

/// The first and the longest pause after a failure.
const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);

/// Runs an instance until it is given away or lost. Whatever fails in between, panics included, is logged and counted, and the instance is read again and goes on.
pub(super) async fn supervise<S: SagaStore>(
    worker: Arc<Worker<S>>,
    slot: Slot<S>,
    claimed: ClaimedSaga,
    time: (OffsetDateTime, Instant),
    begun: Vec<Begin>,
) {
    let (saga, id) = (Arc::clone(&claimed.record.saga), Arc::clone(&claimed.record.id));
    let (instance, epoch) = (claimed.record.instance, claimed.record.epoch);
    // A large history is read here, where it holds up no other instance.
    let mut next = (!claimed.unread).then_some((claimed, time));
    let mut begun = Some(begun);
    let mut failures = 0_u32;
    loop {
        let trouble = match next.take() {
            Some((claimed, time)) => {
                // Of a second run what is open counts as an attempt whose end is not known.
                let begun = begun.take().unwrap_or_default();
                let run = go(Arc::clone(&worker), Arc::clone(&slot.messages), claimed, time, begun);
                let run = worker.shared.watch.task(run);
                match AbortOnDropHandle::new(tokio::spawn(run)).await {
                    Ok(Ok(Ended::Released(ended))) => {
                        // The slot is free before the caller starts the next instance.
                        let worker = slot.leave();
                        if let Some(status) = ended {
                            worker.shared.doorbell.ended(&saga, &id, status);
                        }
                        return;
                    }
                    Ok(Ok(Ended::Lost)) => {
                        // A write whose answer was lost with its connection may have been done. Then the instance is ours still, and nobody else goes on with it.
                        tokio::time::sleep(FIRST).await;
                        None
                    }
                    Ok(Err(trouble)) => Some(trouble),
                    Err(ended) if ended.is_panic() => Some(ended.to_string()),
                    // The runtime is shutting down.
                    Err(_) => return,
                }
            }
            None => None,
        };
        if let Some(error) = trouble {
            failures = failures.saturating_add(1);
            telemetry::task_failures(TASK).increment(1);
            tracing::warn!(
                saga = &*saga,
                id = &*id,
                error,
                failures,
                "an instance cannot go on and is tried again"
            );
            tokio::time::sleep(FIRST.saturating_mul(1 << failures.min(8)).min(LONGEST)).await;
        }
        if !worker.is_valid() || worker.stop.is_cancelled() {
            return lost(&worker, &saga, &id);
        }
        match again(&worker, &saga, &id).await {
            Ok(Some(SagaWhole { record, log, messages }))
                if record.instance == instance
                    && record.epoch == epoch
                    && record.owner == Some(worker.id) =>
            {
                next = Some((ClaimedSaga { record, log, messages, unread: false }, time));
            }
            Ok(_) => return lost(&worker, &saga, &id),
            Err(error) => {
                failures = failures.saturating_add(1);
                telemetry::task_failures(TASK).increment(1);
                let error = with_sources(&error);
                tracing::warn!(
                    saga = &*saga,
                    id = &*id,
                    error,
                    failures,
                    "an instance cannot be read and is tried again"
                );
                tokio::time::sleep(FIRST.saturating_mul(1 << failures.min(8)).min(LONGEST)).await;
            }
        }
    }
}

async fn go<S: SagaStore>(
    worker: Arc<Worker<S>>,
    messages: Arc<tokio::sync::Notify>,
    claimed: ClaimedSaga,
    time: (OffsetDateTime, Instant),
    begun: Vec<Begin>,
) -> Result<Ended, String> {
    match adopt(&worker, claimed).await? {
        Adopted::Run(adopted) => Run::new(worker, messages, *adopted, time, begun).go().await,
        Adopted::Released => Ok(Ended::Released(None)),
        Adopted::Lost => Ok(Ended::Lost),
    }
}

async fn again<S: SagaStore>(
    worker: &Worker<S>,
    saga: &str,
    id: &str,
) -> Result<Option<SagaWhole>, StoreError> {
    worker.shared.store.saga(saga, id).await
}

fn lost<S: SagaStore>(worker: &Worker<S>, saga: &str, id: &str) {
    if let Some(main) = worker.shared.of_name(saga) {
        main.metrics.lost.increment(1);
    }
    tracing::info!(saga, id, "an instance is left to other workers");
}
