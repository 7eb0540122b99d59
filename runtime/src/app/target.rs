//! The state of an aggregate that a batch of commands is decided on before anything is written.

use std::any::{Any, type_name};
use std::sync::Arc;

use super::hot::{Hot, Ticket};
use super::registry::Registry;
use super::runtime::AggregateRuntime;
use crate::aggregate::{Aggregate, ApplyTo};
use crate::event::RawEvent;
use crate::event_set::{EventSet, guarded};
use crate::number::Version;
use crate::payload::DecodeError;
use crate::store::{BoxFuture, EventStore, NewEvent, RehydrateError};
use crate::stream::StreamName;

/// A state of any aggregate. It is taken out of those that are at hand, so that nothing doubtful is left there by a batch that comes to nothing.
pub(crate) trait AnyTarget: Send + Sync {
    /// The version that the state has.
    fn version(&self) -> Version;

    /// The state, to be asked by a command of its aggregate.
    fn as_any(&self) -> &dyn Any;

    /// Follows events that the batch is about to append.
    fn follow(&mut self, events: &[NewEvent]) -> Result<(), DecodeError>;

    /// Puts the state back to those that are at hand.
    fn put_back(self: Box<Self>, stream: &StreamName);

    /// Puts the state back after its events were committed, and saves the snapshot that is due.
    fn committed<'a>(
        self: Box<Self>,
        store: &'a dyn EventStore,
        stream: &'a StreamName,
        commands: u64,
    ) -> BoxFuture<'a, ()>;
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("`{0}` is not registered: add `.aggregate::<{0}>()` to `Kenning::builder`")]
    NotRegistered(&'static str),
    #[error(transparent)]
    Rehydrate(#[from] RehydrateError),
}

/// A state of the aggregate `A`.
pub(crate) struct Target<A: Aggregate> {
    pub(crate) hot: Hot<A>,
    registry: Arc<Registry>,
}

impl<A: Aggregate> Target<A> {
    /// The state that the stream has now: one at hand brought up to date, or one that is read.
    pub(crate) async fn open(
        registry: &Arc<Registry>,
        store: &dyn EventStore,
        stream: &StreamName,
    ) -> Result<Self, TargetError> {
        let runtime = registry.get::<A>().ok_or(TargetError::NotRegistered(type_name::<A>()))?;
        // The turn is over at once: a batch that kept the turns of its streams would have commands of this process wait for its handlers.
        let at_hand =
            runtime.streams.slot(stream).try_turn().and_then(|mut turn| turn.take(store.timeline()));
        let hot = match at_hand {
            Some(mut hot) if hot.version > Version::ZERO => {
                runtime.catch_up(store, stream, &mut hot, Ticket::NEVER).await?;
                hot
            }
            _ => runtime.load(store, stream, Ticket::NEVER).await?,
        };
        Ok(Self { hot, registry: Arc::clone(registry) })
    }

    /// The name of an event as stores take it.
    pub(crate) fn name(&self, name: &'static str) -> Arc<str> {
        self.registry.get::<A>().map_or_else(|| name.into(), |runtime| runtime.name(name))
    }

    fn leave(self, runtime: &AggregateRuntime<A>, stream: &StreamName) {
        if let Some(mut turn) = runtime.streams.slot(stream).try_turn() {
            let newer = turn.take(self.hot.timeline).filter(|there| there.version >= self.hot.version);
            turn.put(newer.unwrap_or(self.hot));
        }
    }
}

impl<A: Aggregate> AnyTarget for Target<A> {
    fn version(&self) -> Version {
        self.hot.version
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn follow(&mut self, events: &[NewEvent]) -> Result<(), DecodeError> {
        for event in events {
            let version = self.hot.version.plus(1);
            let payload = event.payload.as_bytes();
            let raw = RawEvent { version, name: &event.name, schema_version: event.schema_version, payload };
            guarded(&raw, || {
                A::Events::decode(&raw)?.apply_to(&mut self.hot.state);
                Ok(())
            })?;
            self.hot.version = version;
        }
        Ok(())
    }

    fn put_back(self: Box<Self>, stream: &StreamName) {
        let registry = Arc::clone(&self.registry);
        if let Some(runtime) = registry.get::<A>() {
            self.leave(runtime, stream);
        }
    }

    fn committed<'a>(
        mut self: Box<Self>,
        store: &'a dyn EventStore,
        stream: &'a StreamName,
        commands: u64,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let registry = Arc::clone(&self.registry);
            let Some(runtime) = registry.get::<A>() else { return };
            runtime.metrics.accepted.increment(commands);
            let snapshot = runtime.due_snapshot(stream, &mut self.hot);
            let timeline = self.hot.timeline;
            self.leave(runtime, stream);
            if let Some(snapshot) = snapshot {
                runtime.save(store, timeline, snapshot).await;
            }
        })
    }
}
