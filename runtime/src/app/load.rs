//! Reading an aggregate's state.

use std::future::IntoFuture;
use std::ops::Deref;

use futures_util::StreamExt;
use time::OffsetDateTime;
use tracing::Instrument;

use super::Kenning;
use super::error::LoadError;
use super::hot::{Hot, Ticket};
use crate::aggregate::{Aggregate, ApplyTo};
use crate::event_set::{EventSet, guarded};
use crate::number::Version;
use crate::store::{BoxFuture, EventStore, RehydrateError, StoreError, StreamQuery};
use crate::stream::{InvalidStreamName, StreamName};

/// A read of one aggregate's state: await it.
#[must_use = "the state is read when this is awaited"]
pub struct Load<A> {
    app: Kenning,
    stream: Result<StreamName, InvalidStreamName>,
    until: Until,
    aggregate: std::marker::PhantomData<fn() -> A>,
}

#[derive(Clone, Copy)]
enum Until {
    Now,
    Version(Version),
    Time(OffsetDateTime),
}

impl<A: Aggregate> Load<A> {
    pub(super) fn new(app: Kenning, id: &A::Id) -> Self {
        Self { app, stream: StreamName::of::<A>(id), until: Until::Now, aggregate: std::marker::PhantomData }
    }

    /// The state that the aggregate had at a version; of a shorter stream, that at its end, as [`Loaded::version`] tells.
    pub fn at_version(mut self, version: impl Into<Version>) -> Self {
        self.until = Until::Version(version.into());
        self
    }

    /// The state that the aggregate had at a time: every event up to the first that was recorded later, by the store's clock.
    pub fn at_time(mut self, time: OffsetDateTime) -> Self {
        self.until = Until::Time(time);
        self
    }

    async fn run(self) -> Result<Loaded<A>, LoadError> {
        let inner = &*self.app.inner;
        let Some(_inside) = inner.gate.enter() else { return Err(LoadError::Closed) };
        let Some(runtime) = inner.registry.get::<A>() else {
            return Err(LoadError::NotRegistered { aggregate: std::any::type_name::<A>() });
        };
        let stream = self.stream?;
        let span = tracing::debug_span!("kenning.load", %stream, version = tracing::field::Empty);
        let store = &*inner.store;
        let hot = async {
            match self.until {
                Until::Now => Ok(runtime.load(store, &stream, Ticket::NEVER).await?),
                until => past::<A>(store, &stream, until).await,
            }
        }
        .instrument(span.clone())
        .await?;
        span.record("version", hot.version.get());
        Ok(Loaded { state: hot.state, version: hot.version, stream })
    }
}

/// Replays a stream up to some point of its past. Snapshots do not serve: they are not of that point.
async fn past<A: Aggregate>(
    store: &dyn EventStore,
    stream: &StreamName,
    until: Until,
) -> Result<Hot<A>, LoadError> {
    let mut hot = Hot::<A>::empty(store.timeline());
    let mut query = StreamQuery::forwards(stream.clone());
    if let Until::Version(version) = until {
        if version == Version::ZERO {
            return Ok(hot);
        }
        query = query.limit(version.get());
    }
    let mut rows = store.read_stream(query);
    while let Some(row) = rows.next().await {
        let row = row?;
        if matches!(until, Until::Time(time) if row.metadata.recorded_at > time) {
            break;
        }
        let version = row.metadata.version;
        if version != hot.version.plus(1) {
            let next = hot.version.plus(1);
            return Err(
                StoreError::Corrupt(format!("{stream} has version {version} where {next} was next")).into()
            );
        }
        let event = row.raw();
        let applied = guarded(&event, || {
            A::Events::decode(&event)?.apply_to(&mut hot.state);
            Ok(())
        });
        applied.map_err(|source| RehydrateError::Decode { stream: stream.clone(), version, source })?;
        hot.version = version;
    }
    if hot.timeline != store.timeline() {
        return Err(StoreError::timeline_over().into());
    }
    Ok(hot)
}

impl<A: Aggregate> IntoFuture for Load<A> {
    type Output = Result<Loaded<A>, LoadError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// An aggregate's state, and where it comes from. The state's own fields and methods are reached as on the state itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<A> {
    state: A,
    version: Version,
    stream: StreamName,
}

impl<A> Loaded<A> {
    /// The state.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// The state, without the rest.
    pub fn into_state(self) -> A {
        self.state
    }

    /// The version that the state has; 0 when the stream has no event.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The stream of the aggregate.
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Whether the stream had any event; if not, the state is the default one.
    pub fn exists(&self) -> bool {
        self.version != Version::ZERO
    }
}

impl<A> Deref for Loaded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}
