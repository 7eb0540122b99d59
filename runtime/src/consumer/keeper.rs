//! Keeping the leases of this process, and a task for each.

mod take_over;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, select};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::board::{PartitionId, id_of};
use super::host::{Consumer, Foreign, Host};
use super::partition::Partition;
use super::window::Window;
use crate::app::with_sources;
use crate::fresh_id::fresh_id;
use crate::limits::MAX_PAGE;
use crate::store::{
    ConsumerRecord, ConsumerStore, EventStore, Lease, LeaseRequest, StoreError, Timeline, Wanted,
};
use crate::telemetry;

const TASK: &str = "consumer leases";

/// How many events a page of everybody's window has at the most.
const TAIL_PAGE: usize = 1_000;

/// How long a drain waits for the batches under way.
const DRAIN: Duration = Duration::from_secs(10);

/// The least time between two rounds, whoever asks for them.
const ROUND: Duration = Duration::from_millis(20);

/// The window of a generation, and the events of other releases that are in it.
type OwnWindow = (Arc<Foreign>, Arc<Window>);

/// Keeps the leases of one run.
pub(super) struct Keeper<S> {
    host: Arc<Host<S>>,
    stop: CancellationToken,
    worker: Uuid,
    /// The events that are read for all consumers, and the window in which they are.
    names: BTreeSet<String>,
    tail: Arc<Window>,
    /// The windows of the generations that run here.
    windows: HashMap<(Arc<str>, u32), OwnWindow>,
    held: BTreeMap<PartitionId, Held>,
    /// Whether the consumers have this process's versions where that is possible.
    opened: bool,
    /// When to say again which partitions wait.
    tell_at: Instant,
    /// Until then the leases that are held are ours, whatever happens to the database.
    valid_until: Instant,
}

/// A partition that runs here.
struct Held {
    epoch: u64,
    timeline: Timeline,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

fn tail<S: ConsumerStore>(host: &Host<S>, names: &BTreeSet<String>) -> Arc<Window> {
    let store: Arc<dyn EventStore> = Arc::clone(&host.store) as _;
    let names: Vec<String> = names.iter().cloned().collect();
    Arc::new(Window::waiting(store, names.into(), TAIL_PAGE))
}

impl<S: ConsumerStore> Keeper<S> {
    pub(super) fn new(host: Arc<Host<S>>, stop: CancellationToken) -> Self {
        let names: BTreeSet<_> = host.consumers.iter().flat_map(|one| one.events.iter().cloned()).collect();
        Self {
            tail: tail(&host, &names),
            names,
            windows: HashMap::new(),
            held: BTreeMap::new(),
            worker: fresh_id(),
            opened: false,
            tell_at: Instant::now(),
            valid_until: Instant::now(),
            host,
            stop,
        }
    }

    /// Keeps leases until it is told to stop, then drains: batches under way come to their end, checkpoints are stored, leases given back. An error says that the store
    /// is closed.
    pub(super) async fn keep(mut self) -> Result<(), StoreError> {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            let every = self.every();
            if !self.opened {
                match self.stop.run_until_cancelled(self.open()).await {
                    None => break,
                    Some(Ok(())) => self.opened = true,
                    Some(Err(error)) if error.is_retryable() => {
                        let next = self.failed(&with_sources(&error), &mut failures);
                        self.wait(began + ROUND, next).await;
                        continue;
                    }
                    Some(Err(error)) => return Err(error),
                }
            }
            let next = match tokio::time::timeout(every, self.round(began)).await {
                Ok(Ok(())) => {
                    failures = 0;
                    began + every
                }
                Ok(Err(StoreError::Closed)) => return Err(StoreError::Closed),
                Ok(Err(error)) => self.failed(&with_sources(&error), &mut failures),
                Err(_) => self.failed("the store does not answer", &mut failures),
            };
            self.wait(began + ROUND, next).await;
        }
        self.drain().await;
        Ok(())
    }

    /// How often leases are renewed, and looked for. They last three times as long: whoever takes them over finds them expired before as much time as the user has set is
    /// over, and one renewal may fail.
    fn every(&self) -> Duration {
        self.host.lease / 4
    }

    /// Waits for the next round, or for somebody who wants it sooner.
    async fn wait(&self, earliest: Instant, next: Instant) {
        let sooner = std::pin::pin!(async {
            tokio::time::sleep_until(earliest).await;
            self.host.nudge.notified().await;
        });
        let next = std::pin::pin!(tokio::time::sleep_until(next));
        let wait = select(next, sooner);
        self.stop.run_until_cancelled(wait).await;
    }

    /// Says when to try again.
    fn failed(&mut self, error: &str, failures: &mut u32) -> Instant {
        *failures += 1;
        telemetry::task_failures(TASK).increment(1);
        tracing::warn!(task = TASK, error, failures, "a background task has failed and is tried again");
        let now = Instant::now();
        if now >= self.valid_until && !self.held.is_empty() {
            tracing::warn!(
                "the leases have run out: the consumers of this process stop until the store answers"
            );
            self.held.clear();
        }
        let pause = super::backoff::pause((self.host.lease / 50, self.every()), *failures);
        // Whoever holds leases looks again when they run out.
        if self.held.is_empty() { now + pause } else { (now + pause).min(self.valid_until) }
    }

    /// Asks for all leases, and has a task for each that is granted.
    async fn round(&mut self, began: Instant) -> Result<(), StoreError> {
        self.held.retain(|_, held| !held.task.is_finished());
        let mut records = self.host.store.checkpoints().await?;
        if self.take_over(&records, began).await? {
            records = self.host.store.checkpoints().await?;
        }
        self.tell_blocked(&records, began);
        let wanted = self.wanted(&records);
        self.windows.retain(|(consumer, generation), _| {
            wanted.iter().any(|one| one.consumer == *consumer && one.generation == *generation)
        });
        let duration = self.host.lease.saturating_sub(self.every());
        let request = LeaseRequest { worker: self.worker, duration, wanted };
        let leases = self.host.store.lease(&request).await?;
        self.valid_until = began + duration;
        let granted: BTreeMap<_, _> =
            leases.iter().map(|lease| (id_of(lease), (lease.epoch, lease.timeline))).collect();
        // A task that is dropped ends at once. Whatever it was writing is rolled back, or fenced.
        self.held.retain(|id, held| granted.get(id) == Some(&(held.epoch, held.timeline)));
        let new: Vec<Lease> =
            leases.into_iter().filter(|lease| !self.held.contains_key(&id_of(lease))).collect();
        // After the leases: who adds an event takes them away, so that what is read here is all that counts.
        let foreign = self.foreign(&new).await?;
        for lease in new {
            let foreign = foreign.get(&lease.consumer).cloned().unwrap_or_default();
            let known = records.iter().find(|record| record.name == lease.consumer);
            let first_name = Arc::clone(known.map_or(&lease.consumer, ConsumerRecord::first_name));
            self.start(lease, foreign, first_name);
        }
        Ok(())
    }

    /// The events that are left to other releases, by consumer, for leases that are new.
    async fn foreign(&mut self, leases: &[Lease]) -> Result<HashMap<Arc<str>, Arc<Foreign>>, StoreError> {
        let mut foreign: HashMap<Arc<str>, Arc<Foreign>> = HashMap::new();
        for lease in leases {
            if foreign.contains_key(&lease.consumer) {
                continue;
            }
            let Some(consumer) = self.host.consumer(&lease.consumer) else { continue };
            let known = self.host.store.known_reads(&lease.consumer).await?;
            let names = known.foreign(&consumer.reads, consumer.spec.kind.goes_on());
            foreign.insert(Arc::clone(&lease.consumer), Arc::new(names));
        }
        let names = foreign.values().flat_map(|foreign| foreign.keys());
        let more: BTreeSet<String> =
            names.filter(|name| !self.names.contains(&***name)).map(ToString::to_string).collect();
        if !more.is_empty() {
            self.names.extend(more);
            self.tail = tail(&self.host, &self.names);
        }
        Ok(foreign)
    }

    /// The generations that this process can run: those of its versions, unless the live one is of a newer release.
    fn wanted(&self, records: &[ConsumerRecord]) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for consumer in &self.host.consumers {
            let spec = &consumer.spec;
            let own = |record: &&ConsumerRecord| record.name == spec.name;
            if records.iter().filter(own).any(|record| record.live && record.version > spec.version) {
                continue;
            }
            for record in records.iter().filter(own).filter(|record| record.version == spec.version) {
                let held = self.held.iter().filter(|((name, generation, _), _)| {
                    *name == record.name && *generation == record.generation
                });
                wanted.push(Wanted {
                    consumer: Arc::clone(&spec.name),
                    generation: record.generation,
                    release: Arc::clone(&consumer.release),
                    held: held.map(|((_, _, partition), held)| (*partition, held.epoch)).collect(),
                });
            }
        }
        wanted
    }

    fn start(&mut self, lease: Lease, foreign: Arc<Foreign>, first_name: Arc<str>) {
        let Some(consumer) = self.host.consumer(&lease.consumer).cloned() else { return };
        let own = self.window(&consumer, &lease, &foreign);
        let id = id_of(&lease);
        let (epoch, timeline, stop) = (lease.epoch, lease.timeline, self.stop.child_token());
        tracing::info!(
            consumer = &*lease.consumer,
            generation = lease.generation,
            partition = lease.partition,
            epoch,
            position = lease.position.get(),
            "a partition is run here"
        );
        let windows = (Arc::clone(&self.tail), own);
        let partition = Partition::new(
            Arc::clone(&self.host),
            consumer,
            windows,
            lease,
            stop.clone(),
            foreign,
            first_name,
        );
        let task = AbortOnDropHandle::new(tokio::spawn(Arc::new(partition).supervise()));
        self.held.insert(id, Held { epoch, timeline, stop, task });
    }

    /// The window of a generation, in which its partitions read while they are far behind.
    fn window(&mut self, consumer: &Consumer<S>, lease: &Lease, foreign: &Arc<Foreign>) -> Arc<Window> {
        let key = (Arc::clone(&lease.consumer), lease.generation);
        if let Some((of, window)) = self.windows.get(&key)
            && of == foreign
        {
            return Arc::clone(window);
        }
        let store: Arc<dyn EventStore> = Arc::clone(&self.host.store) as _;
        let batch = consumer.options.batch.get();
        let limit = batch.saturating_mul(usize::from(lease.partitions)).min(MAX_PAGE);
        let names = consumer.events.iter().cloned().chain(foreign.keys().map(ToString::to_string));
        let window = Arc::new(Window::passing(store, names.collect(), limit));
        self.windows.insert(key, (Arc::clone(foreign), Arc::clone(&window)));
        window
    }

    async fn drain(&mut self) {
        for held in self.held.values() {
            held.stop.cancel();
        }
        let tasks = std::mem::take(&mut self.held).into_values().map(|held| held.task);
        let left = tokio::time::timeout(DRAIN, join_all(tasks)).await;
        if left.is_err() {
            tracing::warn!("consumers were stopped in the middle of a batch, which is done again");
        }
        match tokio::time::timeout(self.every(), self.host.store.release(self.worker)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    error = with_sources(&error),
                    "leases were not given back and run out by themselves"
                );
            }
            Err(_) => tracing::warn!("leases were not given back and run out by themselves"),
        }
    }
}
