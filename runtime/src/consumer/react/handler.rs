//! Calling a reactor's handler on one event.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::app::with_sources;
use crate::consumer::guarded::guarded;
use crate::consumer::page::EventRef;
use crate::consumer::runner::{Failure, Poison};
use crate::consumer::trouble::{is_trouble, is_unfit, unfit};
use crate::reactor::{Effect, Effects, Reactor, ReactorError, ReactorEvent};
use crate::read_model::HandleError;
use crate::store::StoreError;

/// What an event causes, or why that is not known. `at` is its place in the batch.
pub(super) async fn react<R: Reactor>(
    reactor: &R,
    first_name: &Arc<str>,
    at: usize,
    event: &EventRef,
    time: OffsetDateTime,
    timeout: Duration,
) -> Result<Vec<Effect>, Failure> {
    let Some(known) = R::EVENTS.iter().find(|known| known.info.name == &*event.name) else {
        return Ok(Vec::new());
    };
    let span = tracing::debug_span!(
        "kenning.react",
        reactor = R::NAME,
        event = &*event.name,
        stream = %event.metadata.stream,
        position = event.metadata.position.get()
    );
    let handled = handled(reactor, first_name, known, event, time, timeout).instrument(span).await;
    handled.map_err(|error| failure(at, error))
}

async fn handled<R: Reactor>(
    reactor: &R,
    first_name: &Arc<str>,
    known: &ReactorEvent<R>,
    event: &EventRef,
    time: OffsetDateTime,
    timeout: Duration,
) -> Result<Vec<Effect>, ReactorError> {
    let mut effects = Effects::new(R::NAME, Arc::clone(first_name), &event.metadata, time);
    let mut twice = effects.twice();
    {
        let call = pin!(guarded(|| (known.react)(reactor, event, &mut effects)));
        // The sender is among the effects: it outlives this.
        let given_up = pin!(twice.wait_for(Option::is_some));
        match tokio::time::timeout(timeout, select(call, given_up)).await {
            Ok(Either::Left((answer, _))) => answer?,
            Ok(Either::Right(_)) => {}
            Err(_) => return Err(HandleError::TimedOut(timeout).into()),
        }
    }
    let doubled = twice.borrow().clone();
    match doubled {
        Some(call) => Err(ReactorError::park(format!(
            "the call `{call}` is made twice for one event; give each call a name of its own, or `call_for` and what it is for"
        ))),
        None => effects.into_effects().map_err(ReactorError::park),
    }
}

fn failure(at: usize, error: ReactorError) -> Failure {
    let reason = with_sources(error.error());
    match error {
        ReactorError::Park { .. } => Failure::for_good(at, reason),
        ReactorError::Retry { error } if is_trouble(&*error) => {
            Failure::Store(StoreError::Unavailable(error))
        }
        ReactorError::Retry { error } if is_unfit(&*error) => {
            Failure::Store(StoreError::Unsuitable(unfit(&*error)))
        }
        ReactorError::Retry { .. } => Failure::Poison(Poison { at: Some(at), ..Poison::this_time(reason) }),
    }
}
