//! Running a reactor: handlers first, then what they have asked for is decided, then all of it is written with the checkpoint.

mod handler;
mod plan;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use self::handler::react;
use self::plan::{Plan, Unplanned};
use super::ConsumerOptions;
use super::page::EventRef;
use super::runner::{Application, Failure, Poison, Runner, Session, Writes};
use crate::app::{NotFollowed, TargetError, with_sources};
use crate::number::Position;
use crate::reactor::{Effect, Kind, Reactor};
use crate::store::{
    Append, AppendError, Appended, BoxFuture, CommandRecord, ConsumerStore, EventStore, RehydrateError,
    StoreError, Table,
};
use crate::stream::StreamName;
use crate::telemetry::ReactorMetrics;

/// How many states are read, and how many ids looked up, at a time.
const READS: usize = 256;

/// Runs the reactor `R`.
pub(super) struct Reacting<R> {
    reactor: Arc<R>,
}

impl<R> Reacting<R> {
    pub(super) fn new(reactor: R) -> Self {
        Self { reactor: Arc::new(reactor) }
    }
}

impl<R: Reactor, S> Runner<S> for Reacting<R> {
    fn session(
        &self,
        options: &ConsumerOptions,
        _: Option<Table>,
        application: &Application<S>,
    ) -> Box<dyn Session<S>>
    where
        S: ConsumerStore,
    {
        Box::new(ReactSession {
            reactor: Arc::clone(&self.reactor),
            concurrency: options.concurrency.get(),
            timeout: options.timeout,
            application: application.clone(),
            ready: BTreeMap::new(),
            failed: BTreeMap::new(),
            plan: Plan::default(),
            repeated: false,
            metrics: ReactorMetrics::of(R::NAME),
        })
    }
}

struct ReactSession<R, S> {
    reactor: Arc<R>,
    concurrency: usize,
    timeout: Duration,
    application: Application<S>,
    /// What the events cause whose handlers have come to their end, until it is written: handlers call the outside, and are not asked again because of others.
    ready: BTreeMap<Position, Vec<Effect>>,
    /// Events whose handlers have failed beside others: when they are tried by themselves, that was the first attempt.
    failed: BTreeMap<Position, Poison>,
    plan: Plan,
    /// Something of this was done before, so all of it may have been.
    repeated: bool,
    metrics: ReactorMetrics,
}

impl<R: Reactor, S: ConsumerStore> Session<S> for ReactSession<R, S> {
    fn prepare<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<Writes, Failure>> {
        Box::pin(async move {
            for round in rounds(events) {
                self.react(events, &round).await?;
                if self.repeated {
                    self.look_up(&**store, events, &round).await?;
                }
                self.open(&**store, events, &round).await?;
                for at in round {
                    self.decide(&**store, at, events[at].metadata.position).await?;
                }
            }
            Ok(if self.plan.is_empty() { Writes::Nothing } else { Writes::Events })
        })
    }

    fn handle<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        transaction: &'a mut S::Transaction,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let waves: Vec<Vec<(usize, Append)>> = self
                .plan
                .waves()
                .map(|wave| wave.into_iter().map(|item| (item.at, item.append.clone())).collect())
                .collect();
            for wave in waves {
                let (places, appends): (Vec<usize>, Vec<Append>) = wave.into_iter().unzip();
                let answers = store.append_all_in(transaction, &appends).await;
                let answers = answers.map_err(|error| of_store(None, error))?;
                let appended = self.answered(events, &places, answers)?;
                self.follow(transaction, &places, &appends, &appended).await?;
            }
            Ok(())
        })
    }

    fn committed<'a>(&'a mut self, store: &'a Arc<S>, to: Position) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (commands, events) = self.plan.count();
            self.metrics.commands.increment(commands);
            self.metrics.events.increment(events);
            self.plan.committed(&**store).await;
            self.ready = self.ready.split_off(&to.plus(1));
            self.failed = self.failed.split_off(&to.plus(1));
            self.repeated = false;
        })
    }

    fn forget(&mut self) {
        self.plan.forget();
    }
}

impl<R: Reactor, S: ConsumerStore> ReactSession<R, S> {
    /// Has the events of a round handled that were not.
    async fn react(&mut self, events: &[EventRef], round: &[usize]) -> Result<(), Failure> {
        let mut failures = BTreeMap::new();
        let mut new = Vec::new();
        for &at in round {
            let position = events[at].metadata.position;
            let failed = match events {
                [_] => self.failed.remove(&position),
                _ => self.failed.get(&position).cloned(),
            };
            if let Some(failed) = failed {
                failures.insert(at, Failure::Poison(Poison { at: Some(at), ..failed }));
            } else if !self.ready.contains_key(&position) {
                new.push(at);
            }
        }
        let mut running = FuturesUnordered::new();
        let mut next = new.into_iter();
        loop {
            while running.len() < self.concurrency {
                let Some(at) = next.next() else { break };
                let (reactor, event) = (Arc::clone(&self.reactor), events[at].clone());
                let (time, timeout) = (self.application.clock.now(), self.timeout);
                let handling: BoxFuture<'_, _> =
                    Box::pin(async move { (at, react(&*reactor, at, &event, time, timeout).await) });
                running.push(handling);
            }
            let Some((at, handled)) = running.next().await else { break };
            match handled {
                Ok(effects) => drop(self.ready.insert(events[at].metadata.position, effects)),
                Err(failure) => {
                    if let (Failure::Poison(poison), [_, _, ..]) = (&failure, events) {
                        self.failed.insert(events[at].metadata.position, poison.clone());
                    }
                    failures.insert(at, failure);
                }
            }
        }
        first_of(failures)
    }

    /// Finds out which effects were done before.
    async fn look_up(
        &mut self,
        store: &dyn EventStore,
        events: &[EventRef],
        round: &[usize],
    ) -> Result<(), Failure> {
        for at in round {
            let Some(effects) = self.ready.get_mut(&events[*at].metadata.position) else { continue };
            for effect in effects.iter_mut().filter(|effect| !effect.done) {
                if let Some(record) = store.find_command(effect.id).await? {
                    done_before(*at, effect, &record, &self.metrics)?;
                }
            }
        }
        Ok(())
    }

    /// Opens the states that the commands of a round are decided on.
    async fn open(
        &mut self,
        store: &dyn EventStore,
        events: &[EventRef],
        round: &[usize],
    ) -> Result<(), Failure> {
        let registry = &self.application.registry;
        let mut wanted: HashMap<&StreamName, (usize, &Effect)> = HashMap::new();
        for at in round {
            let effects = self.ready.get(&events[*at].metadata.position).into_iter().flatten();
            for effect in effects.filter(|effect| !effect.done && !self.plan.has(&effect.stream)) {
                if matches!(effect.kind, Kind::Command { .. }) {
                    wanted.entry(&effect.stream).or_insert((*at, effect));
                }
            }
        }
        let mut opened = Vec::with_capacity(wanted.len());
        let mut failures = BTreeMap::new();
        let mut opening = FuturesUnordered::new();
        let mut next = wanted.into_values();
        loop {
            while opening.len() < READS {
                let Some((at, effect)) = next.next() else { break };
                let Kind::Command { sent, .. } = &effect.kind else { continue };
                let target = sent.target(registry, store, &effect.stream);
                let opened: BoxFuture<'_, _> =
                    Box::pin(async move { (at, effect.stream.clone(), target.await) });
                opening.push(opened);
            }
            let Some((at, stream, target)) = opening.next().await else { break };
            match target {
                Ok(target) => opened.push((stream, target)),
                Err(error) => drop(failures.insert(at, unopened(at, error))),
            }
        }
        drop(opening);
        for (stream, target) in opened {
            self.plan.open(stream, target);
        }
        first_of(failures)
    }

    /// Plans what an event causes.
    async fn decide(&mut self, store: &dyn EventStore, at: usize, position: Position) -> Result<(), Failure> {
        let Some(effects) = self.ready.get_mut(&position) else { return Ok(()) };
        for effect in effects.iter_mut().filter(|effect| !effect.done) {
            let reason = match self.plan.add(at, effect) {
                Ok(()) => continue,
                Err(Unplanned::Rejected(reason)) => reason,
                Err(Unplanned::Impossible(reason)) => return Err(Failure::for_good(at, reason)),
                Err(Unplanned::Panicked(reason)) => {
                    let reason = format!("`{}` panicked: {reason}", effect.name());
                    return Err(Failure::Poison(Poison { at: Some(at), ..Poison::this_time(reason) }));
                }
            };
            // It may be turned down because it was accepted before.
            if let Some(record) = store.find_command(effect.id).await? {
                done_before(at, effect, &record, &self.metrics)?;
                continue;
            }
            let Kind::Command { sent, skip, .. } = &effect.kind else { continue };
            let Some(why) = skip else {
                let (name, category) = (sent.name(), sent.category());
                return Err(Failure::for_good(
                    at,
                    format!("`{name}` was rejected by `{category}`: {reason}"),
                ));
            };
            tracing::debug!(reactor = R::NAME, command = sent.name(), stream = %effect.stream, reason, why, "a command was rejected, which is in order");
            self.metrics.skipped.increment(1);
        }
        Ok(())
    }

    /// Looks at what became of the appends of a wave.
    fn answered(
        &mut self,
        events: &[EventRef],
        places: &[usize],
        answers: Vec<Result<Appended, AppendError>>,
    ) -> Result<Vec<Appended>, Failure> {
        let mut appended = Vec::with_capacity(answers.len());
        let mut collision = None;
        for (at, answer) in places.iter().zip(answers) {
            match answer {
                Ok(done) => {
                    self.plan.appended(&done);
                    appended.push(done);
                }
                Err(AppendError::Conflict(conflict)) => {
                    self.plan.distrust(&conflict.stream);
                    collision = Some(conflict.to_string());
                }
                Err(AppendError::DuplicateCommand(record)) => {
                    let effects = self.ready.get_mut(&events[*at].metadata.position).into_iter().flatten();
                    for effect in effects.filter(|effect| effect.id == record.command_id) {
                        done_before(*at, effect, &record, &self.metrics)?;
                    }
                    self.repeated = true;
                    collision.get_or_insert_with(|| "some of it was done before".to_owned());
                }
                Err(AppendError::Invalid(invalid)) => {
                    return Err(Failure::for_good(*at, invalid.to_string()));
                }
                Err(AppendError::Store(error)) => return Err(of_store(Some(*at), error)),
            }
        }
        match collision {
            Some(reason) => Err(Failure::Collision(StoreError::Contention(reason.into()))),
            None => Ok(appended),
        }
    }

    /// Has the inline projections follow what was appended, in the order of the feed.
    async fn follow(
        &self,
        transaction: &mut S::Transaction,
        places: &[usize],
        appends: &[Append],
        appended: &[Appended],
    ) -> Result<(), Failure> {
        let Some(inlines) = &self.application.inlines else { return Ok(()) };
        let done = places.iter().zip(appends).zip(appended);
        let mut done: Vec<_> = done.filter(|((_, append), _)| append.events() > 0).collect();
        done.sort_by_key(|(_, appended)| {
            appended.streams.iter().flat_map(|written| written.position()).min()
        });
        for ((at, append), appended) in done {
            match inlines.follow(transaction, append, appended).await {
                Ok(()) => {}
                Err(NotFollowed::TurnedBack(error)) => return Err(Failure::Collision(error)),
                Err(NotFollowed::Lost(error)) => return Err(Failure::Store(error)),
                Err(NotFollowed::Failed { projection, source, stuck }) => {
                    let source = with_sources(&*source);
                    let reason = format!("the inline projection `{projection}` failed: {source}");
                    let poison = Poison::this_time(reason);
                    return Err(Failure::Poison(Poison { at: Some(*at), stuck, ..poison }));
                }
            }
        }
        Ok(())
    }
}

/// The places of the events in rounds: each has one event of a stream at the most, and comes after those before it.
fn rounds(events: &[EventRef]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<&StreamName, usize> = HashMap::new();
    for (at, event) in events.iter().enumerate() {
        let nth = seen.entry(&event.metadata.stream).or_default();
        match rounds.get_mut(*nth) {
            Some(round) => round.push(at),
            None => rounds.push(vec![at]),
        }
        *nth += 1;
    }
    rounds
}

/// What is no fault of an event comes first, as it concerns all of them; then the first event that failed.
fn first_of(failures: BTreeMap<usize, Failure>) -> Result<(), Failure> {
    let mut poison = None;
    for failure in failures.into_values() {
        match failure {
            Failure::Poison(_) => drop(poison.get_or_insert(failure)),
            other => return Err(other),
        }
    }
    poison.map_or(Ok(()), Err)
}

/// An effect is remembered; that it is the same one.
fn done_before(
    at: usize,
    effect: &mut Effect,
    record: &CommandRecord,
    metrics: &ReactorMetrics,
) -> Result<(), Failure> {
    if record.body_hash != effect.hash {
        return Err(Failure::for_good(
            at,
            format!(
                "`{}` has the id {}, under which something else was done to {} when this event was handled before",
                effect.name(),
                effect.id,
                record.stream
            ),
        ));
    }
    effect.done = true;
    metrics.repeated.increment(1);
    Ok(())
}

fn unopened(at: usize, error: TargetError) -> Failure {
    match error {
        TargetError::Rehydrate(RehydrateError::Store(error)) => of_store(Some(at), error),
        error @ (TargetError::NotRegistered(_) | TargetError::Rehydrate(_)) => {
            Failure::for_good(at, with_sources(&error))
        }
    }
}

/// Whose fault it is that the store did not do something.
fn of_store(at: Option<usize>, error: StoreError) -> Failure {
    match error {
        StoreError::Contention(_) => Failure::Collision(error),
        // It may be a value of the event's, or a stream that nobody can read.
        StoreError::Refused(_) | StoreError::Database(_) | StoreError::Corrupt(_) => {
            Failure::Poison(Poison { at, ..Poison::this_time(with_sources(&error)) })
        }
        error => Failure::Store(error),
    }
}
