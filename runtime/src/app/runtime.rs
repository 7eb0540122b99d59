//! What an application keeps for one aggregate, and how its states are brought up to date.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::aggregate::{Aggregate, ApplyTo, Snapshots};
use crate::event::RawEvent;
use crate::event_set::{EventSet, guarded, panic_text};
use crate::number::Version;
use crate::store::{EventStore, RehydrateError, Snapshot, StoreError, Timeline};
use crate::stream::StreamName;
use crate::telemetry::AggregateMetrics;

use super::hot::{Hot, HotStreams, Ticket};

/// How often a read is begun again because the server changed.
const TIMELINES: u32 = 3;

/// One registered aggregate.
pub(crate) struct AggregateRuntime<A: Aggregate> {
    pub(crate) streams: HotStreams<A>,
    pub(crate) metrics: AggregateMetrics,
    /// The names of the events as stores take them, so that no append allocates them.
    names: Vec<(&'static str, Arc<str>)>,
    snapshots: Option<(Snapshots<A>, u64)>,
}

impl<A: Aggregate> AggregateRuntime<A> {
    pub(crate) fn new(cache: NonZeroUsize) -> Self {
        Self {
            streams: HotStreams::new(cache),
            metrics: AggregateMetrics::of(A::CATEGORY),
            names: A::Events::EVENTS.iter().map(|event| (event.name, event.name.into())).collect(),
            snapshots: A::SNAPSHOTS.map(|snapshots| (snapshots, snapshots.fingerprint())),
        }
    }

    /// The name of an event as stores take it.
    pub(crate) fn name(&self, name: &'static str) -> Arc<str> {
        self.names
            .iter()
            .find(|(one, _)| *one == name)
            .map_or_else(|| name.into(), |(_, shared)| Arc::clone(shared))
    }

    /// Reads a stream's state: from its newest snapshot, if it can be read, and the events after it.
    pub(crate) async fn load(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        now: Ticket,
    ) -> Result<Hot<A>, RehydrateError> {
        self.load_on_one_timeline(store, stream, now, true).await
    }

    /// A read that the server changed under is begun again: it may have seen events that are lost.
    async fn load_on_one_timeline(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        now: Ticket,
        from_snapshot: bool,
    ) -> Result<Hot<A>, RehydrateError> {
        for _ in 0..TIMELINES {
            let timeline = store.timeline();
            let loaded = async {
                let snapshot = if from_snapshot { self.snapshot(store, stream).await? } else { None };
                let mut hot = Hot { timeline, ..snapshot.unwrap_or_else(|| Hot::empty(timeline)) };
                self.catch_up(store, stream, &mut hot, now).await?;
                Ok(hot)
            };
            let loaded = loaded.await;
            if store.timeline() == timeline {
                return loaded;
            }
        }
        Err(StoreError::timeline_over().into())
    }

    /// Reads a stream's state from its first event on, whatever snapshots there are.
    pub(crate) async fn replay(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        now: Ticket,
    ) -> Result<Hot<A>, RehydrateError> {
        self.load_on_one_timeline(store, stream, now, false).await
    }

    /// Applies what the stream has beyond the state. After an error the state is of no use.
    pub(crate) async fn catch_up(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        hot: &mut Hot<A>,
        now: Ticket,
    ) -> Result<(), RehydrateError> {
        let after = hot.version;
        let mut hole = None;
        let (state, version) = (&mut hot.state, &mut hot.version);
        let mut visit = |event: RawEvent<'_>| {
            if event.version != version.plus(1) {
                hole.get_or_insert(event.version);
            }
            if hole.is_none() {
                guarded(&event, || {
                    A::Events::decode(&event)?.apply_to(state);
                    Ok(())
                })?;
                *version = event.version;
            }
            Ok(())
        };
        let reached = store.rehydrate(stream, after, &mut visit).await?;
        if hole.is_some() || reached != hot.version {
            let found = hole.unwrap_or(reached);
            return Err(StoreError::Corrupt(format!(
                "{stream} has version {found} where {} was next",
                hot.version.plus(1)
            ))
            .into());
        }
        self.metrics.events.increment(hot.version.get() - after.get());
        hot.confirmed = now;
        Ok(())
    }

    /// The newest snapshot, if it can be read: a stale or corrupt one costs a replay, never a wrong state.
    async fn snapshot(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
    ) -> Result<Option<Hot<A>>, RehydrateError> {
        let Some((snapshots, fingerprint)) = self.snapshots else { return Ok(None) };
        let Some(snapshot) = store.load_snapshot(stream, fingerprint).await? else { return Ok(None) };
        let raw = RawEvent {
            version: snapshot.version,
            name: A::CATEGORY,
            schema_version: 0,
            payload: snapshot.state.as_bytes(),
        };
        match guarded(&raw, || (snapshots.decode)(raw.payload)) {
            Ok(state) => Ok(Some(Hot {
                state,
                version: snapshot.version,
                snapshot: snapshot.version,
                timeline: Timeline::FIRST,
                confirmed: Ticket::NEVER,
            })),
            Err(error) => {
                self.metrics.unreadable.increment(1);
                tracing::warn!(%stream, version = %snapshot.version, error = %with_sources(&error),
                    "a snapshot cannot be read: the stream is replayed from its beginning");
                Ok(None)
            }
        }
    }

    /// The snapshot that is due at this state, if one is.
    pub(crate) fn due_snapshot(&self, stream: &StreamName, hot: &mut Hot<A>) -> Option<Snapshot> {
        let (snapshots, fingerprint) = self.snapshots?;
        if hot.version.get() - hot.snapshot.get() < snapshots.every {
            return None;
        }
        // Whatever comes of it, the next one is due after as many events again.
        hot.snapshot = hot.version;
        match (snapshots.encode)(&hot.state) {
            Ok(state) => Some(Snapshot { stream: stream.clone(), fingerprint, version: hot.version, state }),
            Err(error) => {
                self.unsaved(stream, &error);
                None
            }
        }
    }

    /// Saves a snapshot. That it fails is no error of the command: its events are durable.
    pub(crate) async fn save(&self, store: &dyn EventStore, timeline: Timeline, snapshot: Snapshot) {
        let stream = snapshot.stream.clone();
        match store.save_snapshot_on(timeline, snapshot).await {
            Ok(()) => self.metrics.saved.increment(1),
            Err(error) => self.unsaved(&stream, &error),
        }
    }

    fn unsaved(&self, stream: &StreamName, error: &(dyn std::error::Error + 'static)) {
        self.metrics.unsaved.increment(1);
        tracing::warn!(%stream, error = %with_sources(error), "a snapshot cannot be saved");
    }
}

impl<A: Aggregate> Hot<A> {
    /// The state before the first event, of which nothing is known.
    pub(crate) fn empty(timeline: Timeline) -> Self {
        Self {
            state: A::default(),
            version: Version::ZERO,
            snapshot: Version::ZERO,
            timeline,
            confirmed: Ticket::NEVER,
        }
    }
}

/// An error and what it comes from, in one line of a log.
pub(crate) fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    // The text is the user's code.
    let collected = catch_unwind(AssertUnwindSafe(|| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }));
    collected.unwrap_or_else(|panic| format!("an error whose text panicked: {}", panic_text(&*panic)))
}
