//! Claiming instances that are due, in batches.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either, select};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::shares::divide;
use super::supervise::supervise;
use super::worker::{DRAIN, Place, Seen, Slot, Worker};
use crate::app::with_sources;
use crate::saga::decide::Begin;
use crate::store::{ClaimedSaga, SagaClaim, SagaStore, StoreError, Wakeup, WantedSaga};
use crate::telemetry;

const TASK: &str = "saga claims";

/// The least room that is worth a claim while others are being freed: a claim costs as much for one instance as for ten.
const WORTH: usize = 16;

/// How long more room is waited for.
const GATHER: Duration = Duration::from_millis(2);

/// The pause before what is due is asked for again that was not given.
const BREATH: Duration = Duration::from_millis(5);

/// The longest pause while nothing is due.
const BACKSTOP: Duration = Duration::from_secs(15);

/// The same where the store reports everything that becomes due. Its clock may still be set.
const EXACT_BACKSTOP: Duration = Duration::from_secs(10 * 60);

/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Claims for one worker.
pub(super) struct Claimer<S> {
    worker: Arc<Worker<S>>,
    /// How often any saga got slots.
    servings: u64,
    /// Wakes when any process has made something due, if the store can tell.
    wakeup: Option<Wakeup>,
}

/// What comes after a claim.
enum Then {
    /// More may be due already.
    Again,
    /// No slot is free.
    Full,
    /// More is due, and the sagas that it is of may not use the slots that are free: those are kept
    /// for others.
    Freed,
    /// Nothing is due before this.
    Wait(Duration),
}

impl<S: SagaStore> Claimer<S> {
    pub(super) fn new(worker: Arc<Worker<S>>) -> Self {
        let wakeup = worker.shared.store.saga_wakeup();
        Self { worker, servings: 0, wakeup }
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

    async fn wait(&mut self, then: Then) {
        match then {
            Then::Again => {}
            Then::Full => self.worker.freed.notified().await,
            Then::Freed => {
                let worker = Arc::clone(&self.worker);
                let freed = std::pin::pin!(worker.freed.notified());
                let waiting = std::pin::pin!(self.doze(BACKSTOP));
                select(freed, waiting).await;
            }
            Then::Wait(pause) => self.doze(pause).await,
        }
    }

    /// Waits until something becomes due, but no longer than this. A store that cannot tell what other
    /// processes make due is asked again after the poll interval.
    async fn doze(&mut self, pause: Duration) {
        let nudged = std::pin::pin!(self.worker.shared.doorbell.wait());
        match &mut self.wakeup {
            Some(wakeup) => {
                let backstop = if wakeup.is_exact() { EXACT_BACKSTOP } else { BACKSTOP };
                select(nudged, std::pin::pin!(wakeup.wait(pause.min(backstop)))).await;
            }
            None => {
                let pause = pause.min(self.worker.shared.options.poll);
                select(nudged, std::pin::pin!(tokio::time::sleep(pause))).await;
            }
        }
    }

    async fn round(&mut self) -> Result<Then, StoreError> {
        if self.free() < WORTH.min(self.worker.shared.options.concurrency.get() / 4) {
            tokio::time::sleep(GATHER).await;
        }
        let claim = self.wanted(true);
        if claim.room == 0 {
            self.close();
            return Ok(Then::Full);
        }
        let asked = Instant::now();
        let claims = self.worker.shared.store.claim_sagas(&claim).await;
        let claims = claims.inspect_err(|_| {
            self.worker.running().claiming = 0;
            self.close();
        })?;
        let many = claims.claimed.len();
        let mut got = vec![0_u32; claim.wanted.len()];
        for claimed in claims.claimed {
            let name = &claimed.record.saga;
            if let Some(at) = claim.wanted.iter().position(|wanted| wanted.saga == *name) {
                got[at] += 1;
            }
            let place = Place::new(&self.worker, &claimed.record.saga);
            run(place, claimed, (claims.now, asked), Vec::new());
        }
        self.worker.running().claiming = 0;
        self.note_served(&claim, &got);
        if many >= claim.room as usize {
            return Ok(if self.free() == 0 { Then::Full } else { Then::Again });
        }
        // A saga that got all that it may have may have more due.
        let is_limited = |wanted: &WantedSaga| {
            claim.wanted.iter().zip(&got).any(|(was, got)| was.saga == wanted.saga && *got >= was.room)
        };
        let next = self.wanted(false);
        Ok(match claims.next_due {
            Some(due) if due.is_zero() => {
                if next.wanted.iter().any(|wanted| wanted.room > 0 && is_limited(wanted)) {
                    Then::Again
                } else if next.wanted.iter().any(is_limited) {
                    Then::Freed
                } else if many > 0 {
                    Then::Again
                } else {
                    // What is due and was not given is locked, or the lease has run out.
                    Then::Wait(BREATH)
                }
            }
            Some(due) => Then::Wait(due.max(BREATH)),
            None => Then::Wait(EXACT_BACKSTOP),
        })
    }

    /// How many instances of each saga there is room for. Every saga is named, also when it may
    /// take nothing: the store says when its next instance is due.
    /// `claims`: the slots are kept for the claim until it is answered.
    fn wanted(&self, claims: bool) -> SagaClaim {
        let plans = self.worker.plans();
        let concurrency = self.worker.shared.options.concurrency.get();
        let mains: Vec<_> = self.worker.shared.mains().map(|main| &main.saga.about().name).collect();
        let mut all = self.worker.running();
        let by_saga = &all.by_saga;
        let running: Vec<_> =
            mains.iter().map(|name| by_saga.get(*name).copied().unwrap_or_default()).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let free = concurrency.saturating_sub(by_saga.values().sum());
        // Nothing was due at the last claim: half of the slots are left to instances that are given to this
        // worker meanwhile.
        let is_quiet = self.worker.shared.store.gives_sagas()
            && !all.seen.is_empty()
            && all.seen.iter().all(|seen| seen.open);
        let room = if is_quiet { free.div_ceil(2) } else { free };
        let wanted = divide(concurrency, &running, &all.seen).into_iter().filter_map(|share| {
            let name = *mains.get(share.saga)?;
            Some(WantedSaga {
                saga: Arc::clone(name),
                definitions: plans.of(name),
                share: number(share.share),
                room: number(share.room),
            })
        });
        let wanted = wanted.collect();
        if claims {
            all.claiming = room;
        }
        SagaClaim { worker: self.worker.id, wanted, room: number(room) }
    }

    /// Notes which sagas got something, in their order, so that the others come first next time.
    fn note_served(&mut self, claim: &SagaClaim, got: &[u32]) {
        let mains: Vec<_> = self.worker.shared.mains().map(|main| &main.saga.about().name).collect();
        let has_free_slots = got.iter().sum::<u32>() < claim.room;
        let worker = Arc::clone(&self.worker);
        let seen = &mut worker.running().seen;
        seen.resize(mains.len(), Seen::default());
        for (wanted, got) in claim.wanted.iter().zip(got) {
            let Some(at) = mains.iter().position(|name| **name == wanted.saga) else { continue };
            seen[at].idle = has_free_slots && wanted.room > 0 && *got < wanted.share.max(1);
            seen[at].open = has_free_slots && *got < wanted.room;
            if *got > 0 {
                self.servings += 1;
                seen[at].served = self.servings;
            }
        }
    }

    /// More may be due than was claimed: nothing may overtake it.
    fn close(&self) {
        self.worker.running().seen.iter_mut().for_each(|seen| seen.open = false);
    }

    fn free(&self) -> usize {
        let running: usize = self.worker.running().by_saga.values().sum();
        self.worker.shared.options.concurrency.get().saturating_sub(running)
    }

    /// Sees the ends of tasks. Each is supervised within, so that a panic here is one of the engine itself: the instance stays owned until this process ends.
    fn reap(&mut self) {
        while let Some(ended) = self.worker.tasks().as_mut().and_then(JoinSet::try_join_next) {
            if let Err(error) = ended {
                telemetry::task_failures(TASK).increment(1);
                tracing::error!(task = TASK, %error, "the task of a saga has ended by itself");
            }
        }
    }

    /// Waits for the tasks, which have been told to stop. If nothing can be written any more, it does
    /// not wait.
    pub(super) async fn drain(self, commit: &mut AbortOnDropHandle<()>) {
        self.worker.stop.cancel();
        // Transactions under way may give instances to this worker still: each has a slot.
        let all = async {
            loop {
                let ended = poll_fn(|cx| match self.worker.tasks().as_mut() {
                    Some(tasks) => tasks.poll_join_next(cx),
                    None => Poll::Ready(None),
                });
                if ended.await.is_none() {
                    if self.worker.running().by_saga.values().all(|count| *count == 0) {
                        return;
                    }
                    self.worker.freed.notified().await;
                }
            }
        };
        match tokio::time::timeout(DRAIN, select(std::pin::pin!(all), commit)).await {
            Ok(Either::Left(_)) => {}
            Ok(Either::Right((ended, _))) => {
                telemetry::task_failures(TASK).increment(1);
                let error = ended.err().map(|error| error.to_string());
                tracing::error!(task = TASK, error, "the task that writes for sagas exited during shutdown");
            }
            Err(_) => {
                tracing::warn!(
                    "shutdown timed out during a step of a saga; it will be retried under its key"
                );
            }
        }
    }
}

impl<S> Drop for Claimer<S> {
    /// The instances stop with the claimer.
    fn drop(&mut self) {
        let tasks = self.worker.tasks().take();
        drop(tasks);
    }
}

/// Runs an instance that the worker owns.
pub(super) fn run<S: SagaStore>(
    place: Place<S>,
    claimed: ClaimedSaga,
    time: (OffsetDateTime, Instant),
    begun: Vec<Begin>,
) {
    let worker = Arc::clone(&place.worker);
    let slot = Slot::new(place, &claimed.record);
    let supervised = supervise(Arc::clone(&worker), slot, claimed, time, begun);
    let supervised = worker.shared.watch.task(supervised);
    let spawned = worker.tasks().as_mut().map(|tasks| drop(tasks.spawn(supervised)));
    if spawned.is_none() {
        tracing::debug!("saga instance given to a worker that has stopped, others take it over");
    }
}
