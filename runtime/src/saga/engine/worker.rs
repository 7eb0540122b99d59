//! One life of this process as a worker: from its enlisting to the loss of its lease, or to the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::claimer::Claimer;
use super::committer::Committer;
use super::gone::GoneWait;
use super::plans::Plans;
use super::seat::Desk;
use super::shared::Shared;
use super::starter::Starter;
use crate::app::with_sources;
use crate::fresh_id::fresh_id;
use crate::saga::reception::Reception;
use crate::store::{SagaRecord, SagaStore, SagaWorker, StoreError, Timeline};
use crate::telemetry;

const TASK: &str = "sagas";
const COMMITS: &str = "saga writes";

/// How the life of a worker has ended.
enum Life<R> {
    /// It was told to stop; the task that renews the lease is still there.
    Stopped(R),
    LeaseLost,
    /// A background task has exited.
    Broken(&'static str, Option<tokio::task::JoinError>),
}

/// How long a drain waits for the attempts under way.
pub(super) const DRAIN: Duration = Duration::from_secs(10);

/// A worker.
pub(super) struct Worker<S> {
    pub(super) shared: Arc<Shared<S>>,
    pub(super) id: Uuid,
    pub(super) committer: Committer,
    pub(super) starter: Starter,
    /// The instances that run here; `None`: the claimer has gone, and nothing is run any more.
    tasks: Mutex<Option<JoinSet<()>>>,
    /// Fires when the process is to stop: what is under way comes to its end, nothing is begun.
    pub(super) stop: CancellationToken,
    /// The timeline on which it claims. On another one its instances are not its own.
    timeline: Timeline,
    /// Until then the instances that are owned are ours, whatever happens to the database.
    valid_until: Mutex<Instant>,
    /// The lease was found to have run out. It stays so even if a later renewal finds that it was
    /// not taken over: the instances that saw it were let go, and only another life claims them.
    expired: AtomicBool,
    /// The instances that run here, by saga, and how they are told of messages.
    running: Mutex<Running>,
    /// An instance has come to its end here.
    pub(super) freed: Notify,
    pub(super) plans: Mutex<Arc<Plans>>,
    planned: Planned,
    /// The waits whose instances were woken.
    pub(super) woken: tokio::sync::Mutex<BTreeSet<GoneWait>>,
}

/// Orders the makings of plans, so that many instances that need new plans at once share one making.
#[derive(Default)]
struct Planned {
    /// How many makings have begun.
    begun: AtomicU64,
    /// The last making that has succeeded.
    made: tokio::sync::Mutex<u64>,
}

impl Planned {
    /// A making later than this begins after now.
    fn asked(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[derive(Default)]
pub(super) struct Running {
    pub(super) by_saga: BTreeMap<Arc<str>, usize>,
    messages: HashMap<Uuid, Arc<Notify>>,
    /// What the last claims have shown of each saga, in the order of the sagas.
    pub(super) seen: Vec<Seen>,
    /// How many slots a claim under way may take.
    pub(super) claiming: usize,
}

/// What claims have shown of a saga.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// When it got slots last, as a counter.
    pub(super) served: u64,
    /// At the last claim less was due than it might have taken.
    pub(super) idle: bool,
    /// The last claim has taken all that was due: an instance that is given to this worker overtakes none.
    pub(super) open: bool,
}

/// A slot, until it is dropped.
pub(super) struct Place<S> {
    pub(super) worker: Arc<Worker<S>>,
    pub(super) saga: Arc<str>,
}

impl<S> Place<S> {
    pub(super) fn new(worker: &Arc<Worker<S>>, saga: &Arc<str>) -> Self {
        *worker.running().by_saga.entry(Arc::clone(saga)).or_default() += 1;
        Self::counted(worker, saga)
    }

    /// A slot that is counted already.
    pub(super) fn counted(worker: &Arc<Worker<S>>, saga: &Arc<str>) -> Self {
        if let Some(main) = worker.shared.of_name(saga) {
            main.metrics.running.increment(1.0);
        }
        Self { worker: Arc::clone(worker), saga: Arc::clone(saga) }
    }
}

impl<S> Drop for Place<S> {
    fn drop(&mut self) {
        if let Some(count) = self.worker.running().by_saga.get_mut(&self.saga) {
            *count = count.saturating_sub(1);
        }
        if let Some(main) = self.worker.shared.of_name(&self.saga) {
            main.metrics.running.decrement(1.0);
        }
        self.worker.freed.notify_one();
    }
}

/// An instance that runs here, until it is dropped. It is counted from its claim on, also if its task
/// is aborted before it is polled.
pub(super) struct Slot<S> {
    place: Place<S>,
    id: Arc<str>,
    instance: Uuid,
    /// Messages were left for it.
    pub(super) messages: Arc<Notify>,
}

impl<S> Slot<S> {
    pub(super) fn new(place: Place<S>, record: &SagaRecord) -> Self {
        let SagaRecord { saga, id, instance, .. } = record;
        let messages = place.worker.shared.doorbell.enter(saga, id);
        place.worker.running().messages.insert(*instance, Arc::clone(&messages));
        Self { place, id: Arc::clone(id), instance: *instance, messages }
    }

    /// The instance runs here no longer.
    pub(super) fn leave(self) -> Arc<Worker<S>> {
        Arc::clone(&self.place.worker)
    }
}

impl<S> Drop for Slot<S> {
    fn drop(&mut self) {
        let Place { worker, saga } = &self.place;
        let mut running = worker.running();
        if running.messages.get(&self.instance).is_some_and(|own| Arc::ptr_eq(own, &self.messages)) {
            running.messages.remove(&self.instance);
        }
        drop(running);
        worker.shared.doorbell.leave(saga, &self.id, &self.messages);
    }
}

impl<S> Worker<S> {
    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prolong(&self, until: Instant) {
        *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    pub(super) fn tasks(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plans(&self) -> Arc<Plans> {
        Arc::clone(&self.plans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: SagaStore> Worker<S> {
    /// Whether its instances are its own still. A process that was stopped finds out here before it does anything.
    pub(super) fn is_valid(&self) -> bool {
        if self.shared.faults.lease_is_not_checked {
            return true;
        }
        let until = *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if self.timeline != self.shared.store.timeline() || Instant::now() >= until {
            self.expired.store(true, Ordering::Release);
        }
        !self.expired.load(Ordering::Acquire)
    }

    /// Lives until it is told to stop, or until its lease is lost. An error says that the store is closed, or that something has failed before anything was claimed.
    pub(super) async fn live(shared: Arc<Shared<S>>, stop: CancellationToken) -> Result<(), StoreError> {
        let (committer, commit) = Committer::new(Arc::clone(&shared.store));
        let (starter, starts) = Starter::new();
        let worker = Arc::new(Self {
            id: fresh_id(),
            timeline: shared.store.timeline(),
            committer,
            starter,
            tasks: Mutex::new(Some(JoinSet::new())),
            stop: stop.child_token(),
            valid_until: Mutex::new(Instant::now()),
            expired: AtomicBool::new(false),
            running: Mutex::default(),
            freed: Notify::new(),
            plans: Mutex::new(Arc::new(Plans::default())),
            planned: Planned::default(),
            woken: tokio::sync::Mutex::default(),
            shared,
        });
        let began = Instant::now();
        worker.shared.store.enlist_saga_worker(&worker.described()).await?;
        worker.prolong(began + worker.duration());
        worker.plan().await?;
        let looking = Arc::clone(&worker);
        let looking = worker.shared.watch.task(async move { looking.look_around().await });
        let _looking = AbortOnDropHandle::new(tokio::spawn(looking));
        let mut commit = AbortOnDropHandle::new(tokio::spawn(worker.shared.watch.task(commit)));
        // On a task of its own: it must not wait for what the claimer waits for.
        let renew = worker.shared.watch.task(Arc::clone(&worker).keep());
        let renew = AbortOnDropHandle::new(tokio::spawn(renew));
        let starting = worker.shared.watch.task(Starter::start_all(Arc::clone(&worker), starts));
        let _starting = AbortOnDropHandle::new(tokio::spawn(starting));
        let desk: Arc<dyn Reception> = Arc::new(Desk(Arc::clone(&worker)));
        if worker.shared.store.gives_sagas() {
            worker.shared.doorbell.open_reception(Some(Arc::downgrade(&desk)));
        }
        let mut claimer = Claimer::new(Arc::clone(&worker));
        let ended = {
            let claiming = std::pin::pin!(claimer.claim());
            let working = select(&mut commit, claiming);
            // The lease is asked after first: a claimer that never rests would use up the budget of
            // this task, with which the other tasks' ends are seen.
            match select(renew, working).await {
                // It was told to stop. Its lease is renewed until the drain is over.
                Either::Right((Either::Right(((), _)), renewing)) => Life::Stopped(renewing),
                Either::Right((Either::Left((ended, _)), _)) => Life::Broken(COMMITS, ended.err()),
                Either::Left((Ok(Err(StoreError::Closed)), _)) => return Err(StoreError::Closed),
                Either::Left((Ok(_), _)) => Life::LeaseLost,
                Either::Left((Err(error), _)) => Life::Broken(TASK, Some(error)),
            }
        };
        match ended {
            Life::Stopped(_renewing) => {
                drop(desk);
                claimer.drain(&mut commit).await;
                drop(commit);
                worker.retire().await;
                Ok(())
            }
            Life::LeaseLost => {
                tracing::warn!(
                    "the lease of this process has run out: the sagas that it ran are left to others"
                );
                drop(claimer);
                worker.retire().await;
                Ok(())
            }
            Life::Broken(task, error) => {
                // The instances stop with the claimer. They are due again at once, in the next life.
                drop(claimer);
                worker.retire().await;
                let error = error.map_or_else(|| "it returned".to_owned(), |error| error.to_string());
                Err(StoreError::Unavailable(format!("the background task `{task}` exited: {error}").into()))
            }
        }
    }

    fn described(&self) -> SagaWorker {
        let definitions = self.shared.sagas.iter().map(|one| {
            let about = one.saga.about();
            (Arc::clone(&about.name), about.fingerprint)
        });
        SagaWorker { worker: self.id, duration: self.duration(), definitions: definitions.collect() }
    }

    /// How long a lease lasts: others take over within what the user has set, since they look once in a quarter of it.
    fn duration(&self) -> Duration {
        self.shared.lease.saturating_sub(self.every())
    }

    pub(super) fn every(&self) -> Duration {
        self.shared.lease / 4
    }

    /// Renews the lease until that is lost, and looks after the dead and the messages. An error says that the store is closed.
    async fn keep(self: Arc<Self>) -> Result<(), StoreError> {
        let mut failures = 0_u32;
        loop {
            tokio::time::sleep(if failures == 0 { self.every() } else { self.every() / 4 }).await;
            if self.expired.load(Ordering::Acquire) {
                return Ok(());
            }
            let began = Instant::now();
            match tokio::time::timeout(self.every(), self.round(began)).await {
                Ok(Ok(true)) => failures = 0,
                Ok(Ok(false)) => return Ok(()),
                Ok(Err(StoreError::Closed)) => return Err(StoreError::Closed),
                Ok(Err(error)) => self.failed(&with_sources(&error), &mut failures),
                Err(_) => self.failed("the store does not answer", &mut failures),
            }
            if !self.is_valid() {
                return Ok(());
            }
        }
    }

    /// `false`: the lease is lost.
    async fn round(&self, began: Instant) -> Result<bool, StoreError> {
        let renewal = self.shared.store.renew_saga_worker(&self.described()).await?;
        if !renewal.alive && !self.shared.faults.lease_is_not_checked {
            return Ok(false);
        }
        self.prolong(began + self.duration());
        self.tell(&renewal.messages);
        let taken_over = self.shared.store.take_over_sagas().await?;
        if taken_over > 0 {
            tracing::info!(instances = taken_over, "the sagas of a dead process are taken over");
            self.shared.doorbell.due();
        }
        self.plan().await?;
        self.wake().await?;
        Ok(true)
    }

    /// Messages were left for these instances.
    fn tell(&self, instances: &[Uuid]) {
        let running = self.running();
        for told in instances.iter().filter_map(|instance| running.messages.get(instance)) {
            told.notify_one();
        }
    }

    pub(super) async fn plan(&self) -> Result<(), StoreError> {
        let asked = self.planned.asked();
        let mut made = self.planned.made.lock().await;
        if *made > asked {
            // Another instance waited for plans too, and they were made after both had asked.
            return Ok(());
        }
        let began = self.planned.begin();
        let plans = Arc::new(Plans::make(&self.shared).await?);
        let takes_more = {
            let mut current = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            let takes_more = plans.takes_more_than(&current);
            *current = plans;
            takes_more
        };
        if takes_more {
            // Instances that were due all the time may be claimed from now on.
            self.shared.doorbell.due();
        }
        *made = began;
        Ok(())
    }

    fn failed(&self, error: &str, failures: &mut u32) {
        *failures = failures.saturating_add(1);
        telemetry::task_failures(TASK).increment(1);
        tracing::warn!(task = TASK, error, failures, "a background task has failed and is tried again");
    }

    async fn retire(&self) {
        match tokio::time::timeout(self.every(), self.shared.store.retire_saga_worker(self.id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    error = with_sources(&error),
                    "sagas were not given back: others take them over"
                );
            }
            Err(_) => tracing::warn!("sagas were not given back: others take them over"),
        }
    }
}
