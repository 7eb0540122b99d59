//! Claiming instances that are due, in batches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::supervise::supervise;
use super::worker::{DRAIN, Slot, Worker};
use crate::app::with_sources;
use crate::store::{SagaClaim, SagaStore, StoreError, WantedSaga};
use crate::telemetry;

const TASK: &str = "saga claims";

/// The least room that is worth a claim while others are being freed: a claim costs as much for one instance as for ten.
const WORTH: usize = 16;

/// How long more room is waited for.
const GATHER: Duration = Duration::from_millis(2);

/// The pause before what is due is asked for again that was not given.
const BREATH: Duration = Duration::from_millis(5);

/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Claims for one worker.
pub(super) struct Claimer<S> {
    worker: Arc<Worker<S>>,
    tasks: JoinSet<()>,
}

/// What comes after a claim.
enum Then {
    /// More may be due already.
    Again,
    /// There is no room.
    Full,
    /// Nothing is due before this.
    Wait(Duration),
}

impl<S: SagaStore> Claimer<S> {
    pub(super) fn new(worker: Arc<Worker<S>>) -> Self {
        Self { worker, tasks: JoinSet::new() }
    }

    /// Claims until the worker is told to stop.
    pub(super) async fn claim(&mut self) {
        let stop = self.worker.stop.clone();
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            tokio::task::coop::consume_budget().await;
            self.reap();
            let then = match self.round().await {
                Ok(then) => {
                    failures = 0;
                    then
                }
                Err(StoreError::Closed) => Then::Wait(LONGEST_PAUSE),
                Err(error) => {
                    failures = failures.saturating_add(1);
                    telemetry::task_failures(TASK).increment(1);
                    let error = with_sources(&error);
                    tracing::warn!(
                        task = TASK,
                        error,
                        failures,
                        "a background task has failed and is tried again"
                    );
                    let first = Duration::from_millis(50);
                    Then::Wait(first.saturating_mul(1 << failures.min(7)).min(LONGEST_PAUSE))
                }
            };
            stop.run_until_cancelled(self.wait(then)).await;
        }
    }

    async fn wait(&self, then: Then) {
        match then {
            Then::Again => {}
            Then::Full => self.worker.freed.notified().await,
            Then::Wait(pause) => {
                let nudged = std::pin::pin!(self.worker.shared.doorbell.wait());
                let pause = pause.min(self.worker.shared.options.poll);
                select(nudged, std::pin::pin!(tokio::time::sleep(pause))).await;
            }
        }
    }

    async fn round(&mut self) -> Result<Then, StoreError> {
        let wanted = self.wanted().await;
        if wanted.is_empty() {
            return Ok(Then::Full);
        }
        let room: u32 = wanted.iter().map(|one| one.room).sum();
        let claim = SagaClaim { worker: self.worker.id, wanted };
        let asked = Instant::now();
        let claims = self.worker.shared.store.claim_sagas(&claim).await?;
        let many = claims.claimed.len();
        for claimed in claims.claimed {
            let Some(main) = self.worker.shared.of_name(&claimed.record.saga) else { continue };
            let slot = Slot::new(&self.worker, &claimed.record);
            main.metrics.running.increment(1.0);
            let worker = Arc::clone(&self.worker);
            let supervised = supervise(worker, slot, claimed, (claims.now, asked));
            self.tasks.spawn(self.worker.shared.watch.task(supervised));
        }
        Ok(match claims.next_due {
            _ if many >= room as usize => Then::Again,
            Some(due) if due.is_zero() && many > 0 => Then::Again,
            // What is due and was not given is locked by somebody, or the lease has run out.
            Some(due) => Then::Wait(due.max(BREATH)),
            None => Then::Wait(self.worker.shared.options.poll),
        })
    }

    /// How many instances of each saga there is room for. Each saga has its share of what is free; what it does not use is there for the others at the next claim. A part of the whole is
    /// kept for each saga, so that one whose steps are slow does not take the room of all.
    async fn wanted(&self) -> Vec<WantedSaga> {
        if self.free() < WORTH.min(self.worker.shared.options.concurrency.get() / 4) {
            tokio::time::sleep(GATHER).await;
        }
        let free = self.free();
        let plans = self.worker.plans();
        let running = self.worker.running();
        let mains: Vec<_> = self.worker.shared.mains().collect();
        let kept = self.worker.shared.options.concurrency.get() / (4 * mains.len().max(1));
        let of = |name: &str| running.by_saga.get(name).copied().unwrap_or_default();
        let mut left = free;
        let mut wanted = Vec::with_capacity(mains.len());
        for (at, main) in mains.iter().enumerate() {
            let name = &main.saga.about().name;
            let others = mains.iter().enumerate().filter(|(other, _)| *other != at);
            let reserved: usize =
                others.map(|(_, other)| kept.saturating_sub(of(&other.saga.about().name))).sum();
            let share = left.div_ceil(mains.len() - at).min(free.saturating_sub(reserved));
            left -= share;
            if share > 0 {
                wanted.push(WantedSaga {
                    saga: Arc::clone(name),
                    definitions: plans.of(name),
                    room: u32::try_from(share).unwrap_or(u32::MAX),
                });
            }
        }
        wanted
    }

    fn free(&self) -> usize {
        let running: usize = self.worker.running().by_saga.values().sum();
        self.worker.shared.options.concurrency.get().saturating_sub(running)
    }

    /// Sees the ends of tasks. Each is supervised within, so that a panic here is one of the engine itself: the instance stays owned until this process ends.
    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended {
                telemetry::task_failures(TASK).increment(1);
                tracing::error!(task = TASK, %error, "the task of a saga has ended by itself");
            }
        }
    }

    /// Waits for the tasks, which have been told to stop.
    pub(super) async fn drain(mut self) {
        self.worker.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("sagas were stopped in the middle of a step, which is done again under its key");
        }
    }
}
