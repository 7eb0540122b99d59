//! Running a reactor: handlers first, then what they have asked for is decided, then all of it is written with the checkpoint.

mod handler;
mod plan;
mod prepare;
mod slow;
mod whose;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::plan::Plan;
use self::prepare::rounds;
use self::slow::Slow;
use super::ConsumerOptions;
use super::page::EventRef;
use super::runner::{Application, Failure, Poison, Runner, Session, Writes};
use crate::number::Position;
use crate::reactor::{Effect, Reactor};
use crate::store::{BoxFuture, ConsumerStore, Table};
use crate::stream::StreamName;
use crate::telemetry::ReactorMetrics;

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
        first_name: &Arc<str>,
        _: Option<Table>,
        application: &Application<S>,
    ) -> Box<dyn Session<S>>
    where
        S: ConsumerStore,
    {
        Box::new(ReactSession {
            reactor: Arc::clone(&self.reactor),
            first_name: Arc::clone(first_name),
            concurrency: options.concurrency.get(),
            timeout: options.timeout,
            application: application.clone(),
            ready: BTreeMap::new(),
            failed: BTreeMap::new(),
            slow: Slow::default(),
            plan: Plan::default(),
            distrusted: Vec::new(),
            repeated: false,
            metrics: ReactorMetrics::of(R::NAME),
        })
    }
}

struct ReactSession<R, S> {
    reactor: Arc<R>,
    /// What the ids and keys of effects are drawn from.
    first_name: Arc<str>,
    concurrency: usize,
    timeout: Duration,
    application: Application<S>,
    /// What the events cause whose handlers have come to their end, until it is written: handlers call the outside, and are not asked again because of others.
    ready: BTreeMap<Position, Vec<Effect>>,
    /// Events whose handlers have failed beside others: when they are tried by themselves, that was the first attempt.
    failed: BTreeMap<Position, Poison>,
    plan: Plan,
    /// Handlers that take long, beside the others.
    slow: Slow,
    /// Streams whose states were not what the store has.
    distrusted: Vec<StreamName>,
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
                self.round(&**store, events, &round).await?;
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
            let mut plan = std::mem::take(&mut self.plan);
            let written = self.write(store, transaction, events, &mut plan).await;
            self.plan = plan;
            written
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

    fn called(&self) -> Option<Arc<tokio::sync::Notify>> {
        Some(self.slow.ended())
    }

    fn take_called(&mut self) -> Vec<StreamName> {
        self.slow.take_ended()
    }

    fn forget(&mut self) {
        for stream in self.distrusted.drain(..) {
            self.plan.distrust(&stream);
        }
        self.plan.forget();
    }
}
