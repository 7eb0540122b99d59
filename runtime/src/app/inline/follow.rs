//! One inline projection, behind a type that all have.

use std::error::Error;
use std::time::Duration;

use crate::consumer::{guarded, is_trouble, is_turned_back};
use crate::event::RawEvent;
use crate::event_set::{EventSet, decode};
use crate::number::Version;
use crate::payload::DecodeError;
use crate::projection::{HandlerError, Lends, Projection};
use crate::read_model::HandleError;
use crate::recorded::{Metadata, Recorded};
use crate::store::{Append, Appended, AppendedTo, BoxFuture, ConsumerStore, StreamAppend};

/// An inline projection on a store `S`.
pub(super) trait Follow<S>: Send + Sync {
    /// Has it handle the events of an append that have one of these names.
    fn follow<'a>(
        &'a self,
        transaction: &'a mut S::Transaction,
        append: &'a Append,
        appended: &'a Appended,
        names: &'a [&'static str],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), Failed>>
    where
        S: ConsumerStore;
}

/// Why a projection did not follow.
pub(super) enum Failed {
    /// Its transaction was rolled back in favour of another one.
    TurnedBack(HandlerError),
    /// The connection died, or the database is away.
    Lost(HandlerError),
    /// It failed by itself.
    Handler {
        source: HandlerError,
        /// It was left in the middle of something.
        stuck: bool,
    },
}

pub(super) struct Of<P>(pub(super) P);

impl<P: Projection, S: ConsumerStore> Follow<S> for Of<P>
where
    S::Transaction: Lends<P::Transaction>,
{
    fn follow<'a>(
        &'a self,
        transaction: &'a mut S::Transaction,
        append: &'a Append,
        appended: &'a Appended,
        names: &'a [&'static str],
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        Box::pin(async move {
            let events = read_back::<P::Events>(append, appended, names)
                .map_err(|error| Failed::Handler { source: Box::new(error), stuck: false })?;
            if events.is_empty() {
                return Ok(());
            }
            let call = guarded(|| self.0.project(events, transaction.lend()));
            match tokio::time::timeout(timeout, call).await {
                Ok(answer) => answer.map_err(failed),
                Err(_) => Err(Failed::Handler { source: HandleError::TimedOut(timeout).into(), stuck: true }),
            }
        })
    }
}

fn failed(source: HandlerError) -> Failed {
    let error: &(dyn Error + 'static) = &*source;
    if is_turned_back(error) {
        Failed::TurnedBack(source)
    } else if is_trouble(error) {
        Failed::Lost(source)
    } else {
        // A panic may have come in the middle of anything.
        let stuck = matches!(error.downcast_ref(), Some(HandleError::Panic(_)));
        Failed::Handler { source, stuck }
    }
}

/// Whether every event has been given its place.
pub(super) fn is_complete(append: &Append, appended: &Appended) -> bool {
    let placed =
        |(target, written): (&StreamAppend, &AppendedTo)| target.events.len() == written.positions.len();
    append.streams.len() == appended.streams.len() && append.streams.iter().zip(&appended.streams).all(placed)
}

/// The events as they are read from the feed later, in its order.
fn read_back<E: EventSet>(
    append: &Append,
    appended: &Appended,
    names: &[&'static str],
) -> Result<Vec<Recorded<E>>, DecodeError> {
    let mut events = Vec::new();
    for (target, written) in append.streams.iter().zip(&appended.streams) {
        let before = written.version.get().saturating_sub(target.events.len() as u64);
        let placed = target.events.iter().zip(&written.positions).zip(before + 1..);
        for ((event, &position), version) in placed.filter(|((event, _), _)| names.contains(&&*event.name)) {
            let version = Version::new(version);
            let stream = target.stream.clone();
            let mut metadata = Metadata::new(event.id, stream, version, position, appended.recorded_at);
            metadata.correlation_id = event.correlation_id;
            metadata.causation_id = event.causation_id;
            metadata.headers = event.headers.clone();
            let payload = event.payload.as_bytes();
            let raw = RawEvent { version, name: &event.name, schema_version: event.schema_version, payload };
            events.push(Recorded::new(decode(&raw)?, metadata));
        }
    }
    events.sort_by_key(Recorded::position);
    Ok(events)
}
