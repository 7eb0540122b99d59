//! What the tasks of an engine have in common.

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;

use super::board::Board;
use super::runner::{Application, Runner};
use super::{ConsumerOptions, Declaration};
use crate::clock::Clock;
use crate::recorded::RecordedEvent;
use crate::store::{ConsumerSpec, Table};
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
    pub(super) fn new(declaration: Declaration<S>, options: ConsumerOptions, spec: ConsumerSpec) -> Self {
        Self {
            metrics: ConsumerMetrics::of(&spec.name),
            table: declaration.live_table(),
            type_id: declaration.type_id,
            events: declaration.events,
            runner: declaration.runner,
            options,
            spec,
        }
    }

    /// Whether it handles the event at all.
    pub(super) fn handles(&self, event: &RecordedEvent) -> bool {
        self.events.iter().any(|name| **name == *event.name)
    }
}

/// The partition of a stream, by its id: streams of one id in different categories are of one partition.
pub(super) fn partition_of(stream: &StreamName, partitions: u16) -> u16 {
    if partitions <= 1 {
        return 0;
    }
    // FNV-1a: it must give the same in every release, as rows have been written by it.
    let hash = stream.id().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash % u64::from(partitions)) as u16
}
