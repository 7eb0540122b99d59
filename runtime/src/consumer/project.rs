//! Running a projection: the user's own writes.

use std::error::Error;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::ConsumerOptions;
use super::page::EventRef;
use super::runner::{Failure, Runner, Session, panic_text};
use super::trouble::is_trouble;
use crate::app::with_sources;
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
    fn session(&self, options: &ConsumerOptions, _: Option<Table>) -> Box<dyn Session<S>> {
        Box::new(ProjectedSession { projection: Arc::clone(&self.projection), timeout: options.timeout })
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
            let call =
                Guarded { call: None, begin: Some(|| self.projection.project(decoded, transaction.lend())) };
            match tokio::time::timeout(self.timeout, call).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(failure(error)),
                Err(_) => Err(Failure::this_time(HandleError::TimedOut(self.timeout).to_string(), true)),
            }
        })
    }

    fn committed(&mut self) {}

    fn forget(&mut self) {}
}

fn failure(error: HandlerError) -> Failure {
    let cause: &(dyn Error + 'static) = &*error;
    if is_trouble(cause) {
        return Failure::Store(StoreError::Unavailable(error));
    }
    Failure::this_time(with_sources(cause), false)
}

/// A call of the user's whose panic is an error, whether it comes before or while it is polled.
struct Guarded<'a, F> {
    call: Option<BoxFuture<'a, Result<(), HandlerError>>>,
    begin: Option<F>,
}

/// Nothing in it is pinned in place.
impl<F> Unpin for Guarded<'_, F> {}

impl<'a, F> Future for Guarded<'a, F>
where
    F: FnOnce() -> BoxFuture<'a, Result<(), HandlerError>>,
{
    type Output = Result<(), HandlerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Whatever a panic leaves half done is rolled back with the transaction.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some(begin) = this.begin.take() {
                this.call = Some(begin());
            }
            match &mut this.call {
                Some(call) => call.as_mut().poll(context),
                None => Poll::Ready(Ok(())),
            }
        }));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(HandleError::Panic(panic_text(&*panic)).into())))
    }
}
