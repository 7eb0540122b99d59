//! Running a projection: the user's own writes.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::ConsumerOptions;
use super::guarded::guarded;
use super::page::EventRef;
use super::runner::{Application, Failure, Runner, Session};
use super::trouble::{is_trouble, is_unfit, unfit};
use crate::app::with_sources;
use crate::number::Position;
use crate::projection::{HandlerError, Lends, Projection};
use crate::read_model::HandleError;
use crate::store::{BoxFuture, ConsumerStore, StoreError, Table};

/// Runs the projection `P`.
pub(super) struct Projected<P> {
    projection: Arc<P>,
}

impl<P> Projected<P> {
    pub(super) fn new(projection: P) -> Self {
        Self { projection: Arc::new(projection) }
    }
}

impl<P: Projection, S> Runner<S> for Projected<P>
where
    S: ConsumerStore,
    S::Transaction: Lends<P::Transaction>,
{
    fn session(
        &self,
        options: &ConsumerOptions,
        _: &Arc<str>,
        _: Option<Table>,
        _: &Application<S>,
    ) -> Box<dyn Session<S>> {
        Box::new(ProjectedSession { projection: Arc::clone(&self.projection), timeout: options.timeout })
    }

    fn begin<'a>(&'a self, transaction: &'a mut S::Transaction) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(guarded(|| self.projection.begin(transaction.lend())))
    }
}

struct ProjectedSession<P> {
    projection: Arc<P>,
    timeout: Duration,
}

impl<P: Projection, S: ConsumerStore> Session<S> for ProjectedSession<P>
where
    S::Transaction: Lends<P::Transaction>,
{
    fn handle<'a>(
        &'a mut self,
        _: &'a Arc<S>,
        transaction: &'a mut S::Transaction,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut decoded = Vec::with_capacity(events.len());
            for (at, event) in events.iter().enumerate() {
                let event = event.decode().map_err(|error| Failure::for_good(at, with_sources(&error)))?;
                decoded.push(event);
            }
            let call = guarded(|| self.projection.project(decoded, transaction.lend()));
            match tokio::time::timeout(self.timeout, call).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(failure(error)),
                Err(_) => Err(Failure::this_time(HandleError::TimedOut(self.timeout).to_string(), true)),
            }
        })
    }

    fn committed<'a>(&'a mut self, _: &'a Arc<S>, _: Position) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn forget(&mut self) {}
}

fn failure(error: HandlerError) -> Failure {
    let cause: &(dyn Error + 'static) = &*error;
    if is_trouble(cause) {
        return Failure::Store(StoreError::Unavailable(error));
    }
    if is_unfit(cause) {
        return Failure::Store(StoreError::Unsuitable(unfit(cause)));
    }
    Failure::this_time(with_sources(cause), false)
}
