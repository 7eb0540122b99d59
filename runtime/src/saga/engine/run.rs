//! The run of one instance: decide, record, act, and again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::adopt::Adoptee;
use super::cut::{CUT, UnderWay};
use super::shared::RegisteredSaga;
use super::worker::Worker;
use crate::app::with_sources;
use crate::limits::MAX_PAYLOAD;
use crate::saga::any::AnyInstance;
use crate::saga::decide::{Attempted, Begin, Next, Situation, cut, intent, next, of_step, outcome, text};
use crate::saga::error::StepError;
use crate::saga::progress::{Phase, Progress};
use crate::store::{
    BoxFuture, NewSagaEntry, SagaEntryKind, SagaMessage, SagaRecord, SagaStatus, SagaStore, SagaThen,
};

/// An instance that has nothing to do for longer than this is given away until it is due.
const HOLD: Duration = Duration::from_millis(50);

/// No wait is shorter: what is due keeps nobody's thread.
const SHORTEST: Duration = Duration::from_micros(100);

/// How a run has ended.
pub(super) enum Ended {
    /// The instance was given away: it rests, or has ended with this status.
    Released(Option<SagaStatus>),
    /// The instance is somebody else's.
    Lost,
}

/// The run of one instance.
pub(super) struct Run<S> {
    pub(super) worker: Arc<Worker<S>>,
    told: Arc<Notify>,
    pub(super) saga: Arc<RegisteredSaga>,
    pub(super) instance: Arc<dyn AnyInstance>,
    pub(super) record: SagaRecord,
    pub(super) progress: Progress,
    pub(super) messages: Vec<SagaMessage>,
    /// Events of other definitions, by their numbers, as this one reads them.
    pub(super) own: BTreeMap<u64, Vec<SagaMessage>>,
    /// Every event that was recorded before this was left for the instance.
    fed_until: OffsetDateTime,
    /// The store's time at a moment of ours.
    pub(super) time: (OffsetDateTime, Instant),
    pub(super) attempts: FuturesUnordered<BoxFuture<'static, (Begin, Duration, Attempted)>>,
    /// What is under way, and how it is told that nobody wants it any more.
    pub(super) under_way: HashMap<Begin, UnderWay>,
    /// When the process was first seen to stop.
    pub(super) stopping: Option<Instant>,
    busy: Vec<bool>,
    last_word_busy: bool,
    /// What is to be recorded.
    pub(super) entries: Vec<NewSagaEntry>,
    /// The seeded fault has been committed.
    pub(super) repeated: bool,
    /// Recorded with the start or with an event, and not begun yet.
    first: Vec<Begin>,
}

/// What the run waits for.
enum Woken {
    Attempt(Begin, Duration, Attempted),
    Messages,
    Due,
    Stop,
}

impl<S: SagaStore> Run<S> {
    pub(super) fn new(
        worker: Arc<Worker<S>>,
        told: Arc<Notify>,
        adoptee: Adoptee,
        time: (OffsetDateTime, Instant),
        first: Vec<Begin>,
    ) -> Self {
        let Adoptee { saga, instance, record, progress, messages } = adoptee;
        let busy = vec![false; saga.saga.about().table.steps.len()];
        Self {
            worker,
            told,
            saga,
            instance,
            record,
            progress,
            messages,
            own: BTreeMap::new(),
            fed_until: OffsetDateTime::UNIX_EPOCH,
            time,
            attempts: FuturesUnordered::new(),
            under_way: HashMap::new(),
            stopping: None,
            busy,
            last_word_busy: false,
            entries: Vec::new(),
            repeated: false,
            first,
        }
    }

    /// Runs until the instance is given away or lost; an error says why it has to be read again.
    pub(super) async fn go(mut self) -> Result<Ended, String> {
        self.recall();
        self.read_own().await?;
        if !self.first.is_empty() {
            if !self.worker.is_valid() {
                return Ok(Ended::Lost);
            }
            for begin in std::mem::take(&mut self.first) {
                self.set_busy(begin, true);
                self.begin(begin);
            }
        }
        loop {
            tokio::task::coop::consume_budget().await;
            let now = self.now();
            self.cut_off();
            if let Some(end) = self.situation(now).time_over() {
                self.feed(end, now).await?;
            }
            let (begun, due) = self.decide(now);
            let then = self.then(begun.is_empty(), due);
            if self.worker.shared.faults.effect_before_intent {
                begun.iter().for_each(|begin| self.begin(*begin));
            }
            if !self.entries.is_empty() || then != SagaThen::Keep {
                match self.write(then).await? {
                    Some(ended) => return Ok(ended),
                    None if begun.is_empty() && then != SagaThen::Keep => continue,
                    None => {}
                }
            }
            if !self.worker.is_valid() {
                return Ok(Ended::Lost);
            }
            if !self.worker.shared.faults.effect_before_intent {
                begun.iter().for_each(|begin| self.begin(*begin));
            }
            self.call_off();
            match self.wait(due).await {
                Woken::Attempt(begin, took, attempted) => self.ended(begin, took, attempted),
                Woken::Messages => self.read_messages().await?,
                Woken::Due | Woken::Stop => {}
            }
        }
    }

    /// The time of a wait is over. Looks how far the consumer has come, and reads what it has left so far.
    async fn feed(&mut self, end: OffsetDateTime, now: OffsetDateTime) -> Result<(), String> {
        let shared = &self.worker.shared;
        if shared.faults.timeout_passes_the_feed {
            self.fed_until = now;
        } else if let Some(fed) = shared.feed.of(shared, &self.record.saga, end, now).await {
            self.fed_until = fed.until_for(&self.record.id);
        }
        let longest = time::Duration::try_from(shared.options.hold_timeouts).unwrap_or(time::Duration::MAX);
        if end > self.fed_until && end.saturating_add(longest) <= now {
            let (saga, id) = (&*self.record.saga, &*self.record.id);
            tracing::warn!(saga, id, fed_until = %self.fed_until, "saga timeout recorded, its consumer is behind");
            self.fed_until = end;
        }
        self.read_messages().await
    }

    /// Decides until something has to be waited for. Says what is to be begun once its intent is recorded, and when the next thing is due.
    fn decide(&mut self, now: OffsetDateTime) -> (Vec<Begin>, Option<OffsetDateTime>) {
        let mut begun = Vec::new();
        loop {
            match next(&self.situation(now)) {
                Next::Record(entries) => {
                    let twice = self.worker.shared.faults.request_is_applied_twice
                        && entries.iter().any(|entry| entry.kind == SagaEntryKind::Skipped);
                    let again = if twice { entries.clone() } else { Vec::new() };
                    entries.into_iter().chain(again).for_each(|entry| self.add(entry, now));
                }
                // What was begun comes to its end; nothing new is begun by a process that stops.
                Next::Begin(_) if self.worker.stop.is_cancelled() => {
                    return (begun, self.under_way.is_empty().then_some(now));
                }
                Next::Begin(begin) => {
                    let entry = intent(&self.saga.saga.about().table, &self.progress, begin);
                    self.add(entry, now);
                    self.set_busy(begin, true);
                    begun.push(begin);
                }
                Next::TimedOut(step) => {
                    let entry = self.timed_out(step);
                    self.add(entry, now);
                }
                Next::Rest(due) => return (begun, due),
            }
        }
    }

    /// Who has the instance after the next write.
    fn then(&self, nothing_begun: bool, due: Option<OffsetDateTime>) -> SagaThen {
        if !nothing_begun || !self.under_way.is_empty() {
            return SagaThen::Keep;
        }
        let Some(due) = due else { return SagaThen::Rest };
        let left = Duration::try_from(due - self.now()).unwrap_or_default();
        if left > HOLD || self.worker.stop.is_cancelled() { SagaThen::Release(left) } else { SagaThen::Keep }
    }

    fn situation(&self, now: OffsetDateTime) -> Situation<'_> {
        let about = self.saga.saga.about();
        let deadline = about.deadline.and_then(|deadline| time::Duration::try_from(deadline).ok());
        Situation {
            table: &about.table,
            progress: &self.progress,
            messages: &self.messages,
            busy: &self.busy,
            last_word_busy: self.last_word_busy,
            has_last_word: about.has_last_word,
            deadline: deadline.and_then(|deadline| self.record.started_at.checked_add(deadline)),
            now,
            started_by: self.record.causation_id,
            fed_until: self.fed_until,
            faults: self.worker.shared.faults,
        }
    }

    pub(super) fn add(&mut self, entry: NewSagaEntry, now: OffsetDateTime) {
        let about = self.saga.saga.about();
        self.progress.apply(&about.table, &entry, now);
        let step = entry.step.as_deref().and_then(|name| about.table.find(name));
        self.saga.metrics.wrote(entry.kind, step);
        tell(&self.record.saga, &self.record.id, &entry);
        self.entries.push(entry);
    }

    pub(super) async fn read_messages(&mut self) -> Result<(), String> {
        let (saga, id) = (&self.record.saga, &self.record.id);
        let whole = self.worker.shared.store.saga(saga, id).await.map_err(|error| with_sources(&error))?;
        let Some(whole) = whole.filter(|whole| whole.record.instance == self.record.instance) else {
            return Err("the instance is not there".to_owned());
        };
        self.record.messages = self.record.messages.max(whole.record.messages);
        self.messages = whole.messages;
        self.read_own().await
    }

    pub(super) fn set_busy(&mut self, begin: Begin, busy: bool) {
        match begin {
            Begin::Step(step) | Begin::Undo(step) => {
                if let Some(known) = self.busy.get_mut(step) {
                    *known = busy;
                }
            }
            Begin::LastWord => self.last_word_busy = busy,
        }
    }

    /// An attempt has ended.
    fn ended(&mut self, begin: Begin, took: Duration, attempted: Attempted) {
        if let Some(under_way) = self.under_way.remove(&begin) {
            under_way.ended();
        }
        self.set_busy(begin, false);
        if let Begin::Step(step) | Begin::Undo(step) = begin {
            self.saga.metrics.took(step, matches!(begin, Begin::Undo(_)), took);
        }
        let now = self.now();
        let table = &self.saga.saga.about().table;
        if let Err(StepError::Engine(fault)) = &attempted {
            self.saga.metrics.faults.increment(1);
            let step = match begin {
                Begin::Step(step) | Begin::Undo(step) => table.steps.get(step).map(|step| &*step.name),
                Begin::LastWord => None,
            };
            let (saga, id) = (&*self.record.saga, &*self.record.id);
            tracing::warn!(saga, id, step, error = %fault, "saga step not possible here");
        }
        // Whoever stops, or has it parked, gets in the way of the attempt.
        let disturbed = self.worker.stop.is_cancelled() || self.progress.parked.is_some();
        let entry = match (begin, attempted) {
            (begin, Err(error @ StepError::Retry { .. })) if disturbed => {
                cut(table, &self.progress, begin, &text(&error))
            }
            // It was done, and what it has returned cannot be kept: its undo finds out.
            (Begin::Step(step), Ok(Some(output))) if output.len() > MAX_PAYLOAD => NewSagaEntry {
                text: Some(format!("what it has returned has {} bytes, which is too large", output.len())),
                ..of_step(SagaEntryKind::Unknown, table, step)
            },
            (begin, attempted) => outcome(table, &self.progress, begin, attempted, now),
        };
        self.add(entry, now);
    }

    /// Tells attempts whose outcome is not wanted as it would be.
    fn call_off(&self) {
        let all = self.worker.stop.is_cancelled() || self.progress.parked.is_some();
        for (begin, under_way) in &self.under_way {
            if all || (matches!(begin, Begin::Step(_)) && self.progress.phase != Phase::Forward) {
                under_way.call_off();
            }
        }
    }

    async fn wait(&mut self, due: Option<OffsetDateTime>) -> Woken {
        let due = due.map(|due| Duration::try_from(due - self.now()).unwrap_or_default().max(SHORTEST));
        let stops = self.worker.stop.is_cancelled();
        let cut =
            self.stopping.filter(|_| !self.under_way.is_empty()).map(|at| CUT.saturating_sub(at.elapsed()));
        let due = match (due, cut) {
            (Some(due), Some(cut)) => Some(due.min(cut).max(SHORTEST)),
            (due, cut) => due.or(cut),
        };
        let stop = self.worker.stop.clone();
        let told = Arc::clone(&self.told);
        let others = std::pin::pin!(async move {
            let due = std::pin::pin!(async {
                match due {
                    Some(due) => tokio::time::sleep(due).await,
                    None => std::future::pending().await,
                }
            });
            let stop = std::pin::pin!(async {
                if stops {
                    std::future::pending::<()>().await;
                }
                stop.cancelled().await;
            });
            let told = std::pin::pin!(told.notified());
            match select(told, select(stop, due)).await {
                Either::Left(_) => Woken::Messages,
                Either::Right((Either::Left(_), _)) => Woken::Stop,
                Either::Right((Either::Right(_), _)) => Woken::Due,
            }
        });
        if self.attempts.is_empty() {
            return others.await;
        }
        match select(self.attempts.next(), others).await {
            Either::Left((Some((begin, took, attempted)), _)) => Woken::Attempt(begin, took, attempted),
            Either::Left((None, _)) => Woken::Due,
            Either::Right((woken, _)) => woken,
        }
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        let (at, then) = self.time;
        at.checked_add(time::Duration::try_from(then.elapsed()).unwrap_or_default()).unwrap_or(at)
    }
}

pub(super) fn tell(saga: &str, id: &str, entry: &NewSagaEntry) {
    let (kind, step) = (entry.kind.as_str(), entry.step.as_deref().unwrap_or_default());
    let text = entry.text.as_deref().unwrap_or_default();
    match entry.kind {
        SagaEntryKind::Parked => tracing::error!(saga, id, text, "a saga is parked"),
        SagaEntryKind::Compensating | SagaEntryKind::Unknown | SagaEntryKind::UndoFailed => {
            tracing::warn!(saga, id, step, kind, text, "a saga does not go on as it should");
        }
        SagaEntryKind::Retry | SagaEntryKind::UndoRetry | SagaEntryKind::FailureRetry => {
            tracing::info!(saga, id, step, kind, text, "a step did not succeed and is tried again");
        }
        _ => tracing::debug!(saga, id, step, kind, text, "a saga goes on"),
    }
}
