//! What comes before the transaction of a batch: handlers, states, decisions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;

use super::ReactSession;
use super::handler::react;
use super::plan::Unplanned;
use super::slow::{Call, Handled};
use super::whose::{done_before, first_of, unopened};
use crate::consumer::page::EventRef;
use crate::consumer::runner::{Failure, Poison};
use crate::number::Position;
use crate::reactor::{Effect, Kind, Reactor};
use crate::store::{BoxFuture, ConsumerStore, EventStore};
use crate::stream::StreamName;

/// How long a batch waits after its last handler that ended. Those that are still running then continue
/// beside the events of other streams.
const PATIENCE: Duration = Duration::from_millis(1_200);

/// How many states are read at a time.
const READS: usize = 256;

impl<R: Reactor, S: ConsumerStore> ReactSession<R, S> {
    /// Decides everything that the events of a round cause.
    pub(super) async fn round(
        &mut self,
        store: &dyn EventStore,
        events: &[EventRef],
        round: &[usize],
    ) -> Result<(), Failure> {
        self.react(events, round).await?;
        if self.repeated {
            self.look_up(store, events, round).await?;
        }
        self.open(store, events, round).await?;
        for at in round {
            self.decide(store, *at, events[*at].metadata.position).await?;
        }
        Ok(())
    }

    /// Has the events of a round handled that were not. A handler that takes longer than
    /// [`PATIENCE`] continues beside the others, and its event is set aside.
    async fn react(&mut self, events: &[EventRef], round: &[usize]) -> Result<(), Failure> {
        let mut failures = BTreeMap::new();
        let mut new = Vec::new();
        let places: HashMap<Position, usize> =
            round.iter().map(|at| (events[*at].metadata.position, *at)).collect();
        for &at in round {
            let position = events[at].metadata.position;
            let failed = match events {
                [_] => self.failed.remove(&position),
                _ => self.failed.get(&position).cloned(),
            };
            if let Some(failed) = failed {
                failures.insert(at, Failure::Poison(Poison { at: Some(at), ..failed }));
            } else if let Some(handled) = self.slow.take(position) {
                self.handled(events, at, handled, &mut failures);
            } else if self.slow.has(position) {
                failures.insert(at, is_slow(at));
            } else if !self.ready.contains_key(&position) {
                new.push(at);
            }
        }
        let mut running = FuturesUnordered::<Call>::new();
        let mut pending: BTreeMap<Position, usize> = BTreeMap::new();
        let mut next = new.into_iter().peekable();
        let patience = tokio::time::sleep(PATIENCE);
        let mut patience = std::pin::pin!(patience);
        loop {
            while running.len() + self.slow.running() < self.concurrency {
                let Some(at) = next.next() else { break };
                let (reactor, event) = (Arc::clone(&self.reactor), events[at].clone());
                let first_name = Arc::clone(&self.first_name);
                let (time, timeout) = (self.application.clock.now(), self.timeout);
                let position = event.metadata.position;
                pending.insert(position, at);
                running.push(Box::pin(async move {
                    (position, react(&*reactor, &first_name, at, &event, time, timeout).await)
                }));
            }
            if running.is_empty() {
                if next.peek().is_none() {
                    break;
                }
                // Slow ones take all the room: the next begins when one of them has ended.
                self.slow.room().await;
                continue;
            }
            match select(running.next(), &mut patience).await {
                Either::Left((Some((position, handled)), _)) => {
                    pending.remove(&position);
                    patience.set(tokio::time::sleep(PATIENCE));
                    if let Some(&at) = places.get(&position) {
                        self.handled(events, at, handled, &mut failures);
                    }
                }
                Either::Left((None, _)) => {}
                Either::Right(_) => {
                    let streams = pending.iter().map(|(position, at)| {
                        failures.insert(*at, is_slow(*at));
                        (*position, events[*at].metadata.stream.clone())
                    });
                    let streams: Vec<_> = streams.collect();
                    pending.clear();
                    self.slow.keep(std::mem::take(&mut running), streams);
                    patience.set(tokio::time::sleep(PATIENCE));
                }
            }
        }
        first_of(failures)
    }

    /// Takes what a handler has ended with.
    fn handled(
        &mut self,
        events: &[EventRef],
        at: usize,
        handled: Handled,
        failures: &mut BTreeMap<usize, Failure>,
    ) {
        let position = events[at].metadata.position;
        match handled {
            Ok(effects) => drop(self.ready.insert(position, effects)),
            Err(Failure::Poison(poison)) => {
                let poison = Poison { at: Some(at), ..poison };
                if events.len() > 1 {
                    self.failed.insert(position, poison.clone());
                }
                failures.insert(at, Failure::Poison(poison));
            }
            Err(failure) => drop(failures.insert(at, failure)),
        }
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
            if let Kind::Event { event, .. } = &effect.kind
                && let Some(reason) = self.application.refuses(&effect.stream, &event.name)
            {
                return Err(Failure::for_good(at, reason));
            }
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
}

/// The handler of an event is running beside the others.
fn is_slow(at: usize) -> Failure {
    let reason = "its handler has not ended yet: events of other streams continue".to_owned();
    Failure::Poison(Poison { at: Some(at), slow: true, ..Poison::this_time(reason) })
}

/// The places of the events in rounds: each has one event of a stream at the most, and comes after those before it.
pub(super) fn rounds(events: &[EventRef]) -> Vec<Vec<usize>> {
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
