//! One command from its place in the queue to its answer: load, decide, append, and again when another process was faster.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

use super::builder::Options;
use super::error::ExecuteError;
use super::executed::Executed;
use super::hot::{Full, Hot, Slot, Turn};
use super::inline::{InlineAppend, Unstored};
use super::runtime::AggregateRuntime;
use crate::aggregate::{Aggregate, ApplyTo};
use crate::command::{Command, CommandContext, Handle};
use crate::event::{EncodedEvent, RawEvent};
use crate::event_set::{EventSet, panic_text};
use crate::fresh_id::fresh_id;
use crate::number::Version;
use crate::panics::caught;
use crate::payload::EncodeError;
use crate::store::{
    Append, AppendError, Appended, Conflict, EventStore, Expect, LedgerEntry, NewEvent, Snapshot, StoreError,
    Timeline,
};

pub(super) type EventsOf<C> = <<C as Command>::Aggregate as Aggregate>::Events;
pub(super) type RejectionOf<C> = <<C as Command>::Aggregate as Handle<C>>::Rejection;
/// An accepted command, with the snapshot that is due.
type Accepted<C> = (Executed<EventsOf<C>>, Option<Snapshot>);
pub(super) type Answer<C> = Result<Executed<EventsOf<C>>, ExecuteError<RejectionOf<C>>>;

/// How long the first pause between two attempts is at the most; each further one may be twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// A command that has been let in.
pub(super) struct Execution<'a, C: Command> {
    pub(super) store: &'a dyn EventStore,
    pub(super) inline: Option<&'a dyn InlineAppend>,
    pub(super) options: &'a Options,
    pub(super) runtime: &'a AggregateRuntime<C::Aggregate>,
    pub(super) command: &'a C,
    pub(super) context: CommandContext,
    pub(super) ledger: Option<LedgerEntry>,
}

impl<C: Command> Execution<'_, C> {
    pub(super) async fn run(&mut self) -> Answer<C> {
        let span = tracing::info_span!(
            "kenning.execute",
            stream = %self.context.stream,
            command = C::NAME,
            command_id = %self.context.command_id,
            correlation_id = %self.context.correlation_id,
            attempts = tracing::field::Empty,
            outcome = tracing::field::Empty,
        );
        let began = Instant::now();
        let mut attempts = 0;
        let answer = self.answer(&mut attempts).instrument(span.clone()).await;
        let metrics = &self.runtime.metrics;
        let (outcome, counter) = match &answer {
            Ok(executed) if executed.replayed => ("replayed", &metrics.replayed),
            Ok(_) => ("accepted", &metrics.accepted),
            Err(ExecuteError::Rejected(_)) => ("rejected", &metrics.rejected),
            Err(ExecuteError::DuplicateCommand { .. }) => ("duplicate", &metrics.duplicate),
            Err(_) => ("failed", &metrics.failed),
        };
        counter.increment(1);
        metrics.seconds.record(began.elapsed());
        if attempts > 1 {
            metrics.attempts.record(f64::from(attempts));
        }
        span.record("attempts", attempts).record("outcome", outcome);
        answer
    }

    /// What is awaited seldom is boxed: the future of every command has room for the largest of them otherwise.
    async fn answer(&mut self, attempts: &mut u32) -> Answer<C> {
        let runtime = self.runtime;
        let slot = runtime.streams.slot(&self.context.stream);
        let mut turn = match slot.try_turn() {
            Some(turn) => turn,
            None => Box::pin(self.turn(&slot)).await?,
        };
        let mut hot = match self.at_hand(&mut turn) {
            Some(hot) => hot,
            None => Box::pin(runtime.load(self.store, &self.context.stream, turn.now())).await?,
        };
        loop {
            self.context.version = hot.version;
            let events = match C::Aggregate::handle(&hot.state, self.command, &self.context) {
                Ok(events) => events,
                // Nothing will check the version of the state: it has to be known that it was the real one while this call was under way.
                Err(_) if !turn.is_current(&hot) => {
                    Box::pin(self.refresh(&turn, &mut hot)).await?;
                    continue;
                }
                Err(rejection) => {
                    let timeline = hot.timeline;
                    turn.put(hot);
                    drop(turn);
                    return Box::pin(self.rejected(timeline, rejection)).await;
                }
            };
            if events.is_empty() && self.ledger.is_none() {
                if !turn.is_current(&hot) {
                    Box::pin(self.refresh(&turn, &mut hot)).await?;
                    continue;
                }
                // The answer says that there is nothing to do, and stores nothing that would say so.
                self.store.confirm(hot.timeline).await?;
                let version = hot.version;
                turn.put(hot);
                return Ok(self.executed(version, events));
            }
            *attempts += 1;
            let (append, events) = match self.append(&hot, &events) {
                Ok(appended) => appended,
                Err(error) => {
                    turn.put(hot);
                    return Err(error.into());
                }
            };
            let asked = turn.now();
            let appended = match self.inline.filter(|inline| inline.concerns(&append)) {
                None => self.store.append_on(hot.timeline, append).await,
                Some(inline) => match inline.append(hot.timeline, append).await {
                    Ok(appended) => Ok(appended),
                    Err(Unstored::Append(error)) => Err(error),
                    Err(Unstored::Projection { projection, source }) => {
                        turn.put(hot);
                        return Err(ExecuteError::Projection { projection, source });
                    }
                },
            };
            match appended {
                Ok(appended) => {
                    hot.confirmed = asked;
                    let timeline = hot.timeline;
                    return match self.accepted(turn, hot, events, appended)? {
                        (executed, None) => Ok(executed),
                        (executed, Some(snapshot)) => {
                            Box::pin(self.saved(executed, timeline, snapshot)).await
                        }
                    };
                }
                Err(AppendError::Conflict(conflict)) => {
                    runtime.metrics.conflicts.increment(1);
                    if *attempts >= self.options.attempts.get() {
                        return Err(ExecuteError::Conflict(conflict));
                    }
                    Box::pin(pause(*attempts)).await;
                    Box::pin(self.reconcile(&turn, &mut hot, &conflict)).await?;
                }
                Err(AppendError::Store(StoreError::Contention(_)))
                    if *attempts < self.options.attempts.get() =>
                {
                    Box::pin(pause(*attempts)).await;
                    if hot.timeline != self.store.timeline() {
                        Box::pin(self.refresh(&turn, &mut hot)).await?;
                    }
                }
                Err(AppendError::DuplicateCommand(record)) => {
                    turn.put(hot);
                    drop(turn);
                    return Box::pin(self.resent(record)).await;
                }
                Err(AppendError::Invalid(invalid)) => {
                    turn.put(hot);
                    return Err(invalid.into());
                }
                Err(AppendError::Store(error)) => return Err(error.into()),
            }
        }
    }

    /// Waits for those who came before.
    async fn turn<'t>(
        &self,
        slot: &'t Slot<C::Aggregate>,
    ) -> Result<Turn<'t, C::Aggregate>, ExecuteError<RejectionOf<C>>> {
        let began = Instant::now();
        match slot.turn(self.options.queue).await {
            Ok(turn) => {
                self.runtime.metrics.queue.record(began.elapsed());
                Ok(turn)
            }
            Err(Full) => {
                self.runtime.metrics.overloaded.increment(1);
                Err(ExecuteError::Overloaded { stream: self.context.stream.clone() })
            }
        }
    }

    /// A state to begin with that need not be read: the last one, which may be old, or the default for a command that creates its stream.
    fn at_hand(&self, turn: &mut Turn<'_, C::Aggregate>) -> Option<Hot<C::Aggregate>> {
        if let Some(hot) = turn.take(self.store.timeline()) {
            self.runtime.metrics.hits.increment(1);
            return Some(hot);
        }
        self.runtime.metrics.misses.increment(1);
        C::CREATES.then(|| Hot::empty(self.store.timeline()))
    }

    /// Brings the state up to what the store has now.
    async fn refresh(
        &self,
        turn: &Turn<'_, C::Aggregate>,
        hot: &mut Hot<C::Aggregate>,
    ) -> Result<(), ExecuteError<RejectionOf<C>>> {
        let stream = &self.context.stream;
        if hot.version == Version::ZERO || hot.timeline != self.store.timeline() {
            *hot = self.runtime.load(self.store, stream, turn.now()).await?;
        } else {
            let caught_up = self.runtime.catch_up(self.store, stream, hot, turn.now()).await;
            if hot.timeline == self.store.timeline() {
                return Ok(caught_up?);
            }
            *hot = self.runtime.load(self.store, stream, turn.now()).await?;
        }
        Ok(())
    }

    /// Brings the state up to date after a conflict.
    async fn reconcile(
        &self,
        turn: &Turn<'_, C::Aggregate>,
        hot: &mut Hot<C::Aggregate>,
        conflict: &Conflict,
    ) -> Result<(), ExecuteError<RejectionOf<C>>> {
        if conflict.actual >= hot.version {
            return self.refresh(turn, hot).await;
        }
        // The stream is shorter than the state: the store was put back to an earlier time, or a snapshot is ahead of it.
        tracing::warn!(stream = %conflict.stream, actual = %conflict.actual, known = %hot.version,
            "a stream has become shorter: it is replayed from its beginning");
        *hot = self.runtime.replay(self.store, &self.context.stream, turn.now()).await?;
        Ok(())
    }

    /// The append, and the events as they will be stored: the state follows those, so that it equals
    /// the state that another process loads.
    fn append(
        &self,
        hot: &Hot<C::Aggregate>,
        events: &[EventsOf<C>],
    ) -> Result<(Append, Vec<EventsOf<C>>), EncodeError> {
        let expect = if hot.version == Version::ZERO { Expect::New } else { Expect::Exactly(hot.version) };
        let mut encoded = Vec::with_capacity(events.len());
        let mut stored = Vec::with_capacity(events.len());
        for event in events {
            let event = event.encode()?;
            stored.push(self.as_stored(hot.version.plus(encoded.len() as u64 + 1), &event)?);
            encoded.push(NewEvent {
                id: fresh_id(),
                name: self.runtime.name(event.name),
                schema_version: event.schema_version,
                payload: event.payload,
                correlation_id: Some(self.context.correlation_id),
                causation_id: Some(self.context.command_id),
                headers: self.context.headers.clone(),
            });
        }
        let mut append = Append::to(self.context.stream.clone(), expect, encoded);
        append.command.clone_from(&self.ledger);
        Ok((append, stored))
    }

    /// Reads an event back from what is about to be stored.
    fn as_stored(&self, version: Version, event: &EncodedEvent) -> Result<EventsOf<C>, EncodeError> {
        let (name, payload) = (event.name, event.payload.as_bytes());
        let raw = RawEvent { version, name, schema_version: event.schema_version, payload };
        match caught(|| EventsOf::<C>::decode(&raw)) {
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(error)) => Err(EncodeError::unreadable(name, error)),
            Err(panic) => Err(EncodeError::unreadable(name, panic)),
        }
    }

    /// The events are durable: the state follows them. A snapshot that is due is left to the caller, after the turn.
    fn accepted(
        &self,
        mut turn: Turn<'_, C::Aggregate>,
        mut hot: Hot<C::Aggregate>,
        events: Vec<EventsOf<C>>,
        appended: Appended,
    ) -> Result<Accepted<C>, ExecuteError<RejectionOf<C>>> {
        let Some(written) = appended.streams.into_iter().next() else {
            return Err(StoreError::Corrupt("an append was answered without its stream".to_owned()).into());
        };
        // The events are durable: a panic of an `#[apply]` costs the cached state, not the answer.
        let applied = catch_unwind(AssertUnwindSafe(|| {
            for event in &events {
                event.apply_to(&mut hot.state);
            }
        }));
        if let Err(panic) = applied {
            tracing::error!(stream = %self.context.stream, panic = panic_text(&*panic),
                "an `#[apply]` panicked on an event that is stored: the aggregate cannot be loaded");
            let mut executed = self.executed(written.version, events);
            executed.position = written.position();
            return Ok((executed, None));
        }
        hot.version = hot.version.plus(events.len() as u64);
        let mut snapshot = None;
        // A state whose version is not the stream's is left to the next load.
        if hot.version == written.version {
            snapshot = self.runtime.due_snapshot(&self.context.stream, &mut hot);
            turn.put(hot);
        }
        let mut executed = self.executed(written.version, events);
        executed.position = written.position();
        Ok((executed, snapshot))
    }

    async fn saved(
        &self,
        executed: Executed<EventsOf<C>>,
        timeline: Timeline,
        snapshot: Snapshot,
    ) -> Answer<C> {
        self.runtime.save(self.store, timeline, snapshot).await;
        Ok(executed)
    }

    pub(super) fn executed(&self, version: Version, events: Vec<EventsOf<C>>) -> Executed<EventsOf<C>> {
        Executed {
            stream: self.context.stream.clone(),
            version,
            position: None,
            events,
            command_id: self.context.command_id,
            replayed: false,
        }
    }
}

/// Waits a little after a failed attempt, by chance, so that processes that met once do not meet again; not after the first: whoever was faster has
/// finished.
async fn pause(attempts: u32) {
    if attempts > 1 {
        let most = FIRST_PAUSE.saturating_mul(1 << (attempts - 2).min(6)).min(LONGEST_PAUSE);
        tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
    }
}
