//! What the tasks of an engine have in common.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;

use super::board::Board;
use super::runner::{Application, Runner};
use super::{ConsumerOptions, Declaration};
use crate::clock::Clock;
use crate::projection::Restart;
use crate::recorded::RecordedEvent;
use crate::store::{ConsumerReads, ConsumerSpec, Needs, Table};
use crate::stream::StreamName;
use crate::telemetry::ConsumerMetrics;

/// What the tasks of an engine have in common.
pub(super) struct Host<S> {
    pub(super) store: Arc<S>,
    pub(super) consumers: Vec<Arc<Consumer<S>>>,
    /// How long a lease lasts.
    pub(super) lease: Duration,
    pub(super) clock: Clock,
    pub(super) application: Application<S>,
    pub(super) board: Board,
    /// Has the keeper look after the leases at once.
    pub(super) nudge: Notify,
    /// Has partitions look for requests on parked events at once.
    pub(super) kick: Notify,
    pub(super) running: AtomicBool,
}

/// One consumer of this process.
pub(super) struct Consumer<S> {
    pub(super) spec: ConsumerSpec,
    pub(super) type_id: TypeId,
    pub(super) options: ConsumerOptions,
    /// The names of the events that it handles.
    pub(super) events: Arc<[String]>,
    /// What this release reads of it, and the release's id.
    pub(super) reads: ConsumerReads,
    pub(super) release: Arc<str>,
    /// How the tables of a projection are prepared.
    pub(super) restart: Restart,
    /// The table that queries are asked of.
    pub(super) table: Option<Arc<Table>>,
    pub(super) runner: Box<dyn Runner<S>>,
    pub(super) metrics: ConsumerMetrics,
}

impl<S> Host<S> {
    pub(super) fn consumer(&self, name: &str) -> Option<&Arc<Consumer<S>>> {
        self.consumers.iter().find(|consumer| *consumer.spec.name == *name)
    }

    pub(super) fn consumer_of(&self, type_id: TypeId) -> Option<&Arc<Consumer<S>>> {
        self.consumers.iter().find(|consumer| consumer.type_id == type_id)
    }
}

impl<S> Consumer<S> {
    pub(super) fn new(
        declaration: Declaration<S>,
        options: ConsumerOptions,
        spec: ConsumerSpec,
        reads: ConsumerReads,
    ) -> Self {
        Self {
            metrics: ConsumerMetrics::of(&spec.name),
            table: declaration.live_table(),
            type_id: declaration.type_id,
            restart: declaration.restart,
            events: declaration.events,
            runner: declaration.runner,
            options,
            spec,
            release: reads.release().into(),
            reads,
        }
    }

    /// Whether it handles the event at all.
    pub(super) fn handles(&self, event: &RecordedEvent) -> bool {
        self.events.iter().any(|name| **name == *event.name)
    }
}

impl<S> Consumer<S> {
    /// What is to be read to do an event that this release cannot do, if it is one. `foreign`: the
    /// events that are left to other releases.
    pub(super) fn needs(&self, event: &RecordedEvent, foreign: &Foreign) -> Option<Needs> {
        let handler = match (self.reads.handles.get(&*event.name), foreign.get(&*event.name)) {
            (Some(known), _) if event.schema_version > *known => false,
            (None, Some(handler)) => *handler,
            _ => return None,
        };
        let position = event.metadata.position;
        Some(Needs { name: Arc::clone(&event.name), version: event.schema_version, handler, position })
    }
}

/// The events that a consumer leaves to other releases; `true`: another one handles the event.
pub(super) type Foreign = BTreeMap<Arc<str>, bool>;

/// The partition of a stream.
pub(super) fn partition_of(stream: &StreamName, partitions: u16) -> u16 {
    stream.partition(partitions)
}
