//! What every run of a test begins with.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::aggregate::Aggregate;
use crate::app::{Builder, with_sources};
use crate::event::{EncodedEvent, Event};
use crate::fresh_id::fresh_id;
use crate::number::{Position, Version};
use crate::recorded::{Metadata, RecordedEvent};
use crate::saga::{Brought, Does, Faults, RegisteredSaga, SagaDefinition, Table};
use crate::store::MemoryStore;
use crate::stream::StreamName;

type Register = fn(Builder<MemoryStore>) -> Builder<MemoryStore>;

/// How long a saga is given for whatever its table puts no bound to.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How often something is tried at the most where the table puts no bound to it.
pub(super) const ENOUGH: u32 = 20;

/// What every run of a test begins with.
pub(super) struct Stage<F> {
    pub(super) instances: Vec<F>,
    pub(super) register: Vec<Register>,
    /// What has happened before.
    pub(super) history: Vec<(StreamName, EncodedEvent)>,
    /// What happens in between.
    pub(super) events: Vec<(StreamName, EncodedEvent)>,
    pub(super) faults: Faults,
    /// What is parked is told to go on at the end, when nothing goes wrong any more.
    pub(super) resumes: bool,
    pub(super) table: Table,
}

/// An event that instances wait for, or that starts them.
pub(super) struct Routed {
    /// The instances and their steps; none: it starts instances.
    pub(super) to: Vec<(Arc<str>, usize)>,
}

impl<F: SagaDefinition> Stage<F> {
    pub(super) fn new(instances: Vec<F>) -> Self {
        Self {
            instances,
            register: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            faults: Faults::default(),
            resumes: false,
            table: Table::of::<F>(),
        }
    }

    pub(super) fn aggregate<A: Aggregate>(&mut self) {
        self.register.push(Builder::aggregate::<A>);
    }

    /// The stream and the event as they are stored.
    #[track_caller]
    pub(super) fn encoded<E: Event>(stream: &str, event: &E) -> (StreamName, EncodedEvent) {
        let stream = match StreamName::parse(stream) {
            Ok(stream) => stream,
            Err(error) => panic!("{error}\nhelp: a stream is named like `order-7`"),
        };
        match event.encode() {
            Ok(encoded) => (stream, encoded),
            Err(error) => panic!("the event cannot be written: {}", with_sources(&error)),
        }
    }

    /// The place of a step.
    #[track_caller]
    pub(super) fn step(&self, name: &str) -> usize {
        let Some(step) = self.table.find(name) else {
            let names: Vec<_> = self.table.steps.iter().map(|step| format!("`{}`", step.name)).collect();
            panic!("`{}` has no step `{name}`\nhelp: its steps are {}", F::NAME, names.join(", "));
        };
        step
    }

    /// Whom an event is for.
    pub(super) fn route(&self, saga: &RegisteredSaga, event: usize) -> Routed {
        let Some((stream, encoded)) = self.events.get(event) else { return Routed { to: Vec::new() } };
        let metadata = Metadata::new(
            fresh_id(),
            stream.clone(),
            Version::new(1),
            Position::new(1),
            OffsetDateTime::UNIX_EPOCH,
        );
        let recorded = RecordedEvent {
            metadata,
            name: encoded.name.into(),
            schema_version: encoded.schema_version,
            payload: encoded.payload.clone(),
        };
        let mut routed = Routed { to: Vec::new() };
        let mut followed = false;
        for (place, one) in saga.saga.events().iter().enumerate() {
            if one.info.name != encoded.name {
                continue;
            }
            followed = true;
            match (saga.saga.deliver(place, &recorded), one.step) {
                (Ok(Some(Brought::Wait(Ok(id), _))), Some(step)) => routed.to.push((id.into(), step)),
                (Ok(_), _) => {}
                (Err(error), _) => {
                    panic!("`{}` on `{stream}` cannot be read: {}", encoded.name, with_sources(&error))
                }
            }
        }
        assert!(followed, "`{}` waits for no `{}` and is not started by it", F::NAME, encoded.name);
        routed
    }

    /// How long a process holds its lease: so that waits of days are no work, and one that is taken over has most of its time left.
    pub(super) fn lease(&self) -> Duration {
        let waits = self.table.steps.iter().filter(|step| matches!(step.does, Does::Wait { .. }));
        let longest = waits.filter_map(|step| step.info.timeout).max().unwrap_or_default();
        let lease = (longest / 100).clamp(Duration::from_secs(15), PATIENCE);
        F::TIMES.deadline.map_or(lease, |deadline| lease.min(deadline / 10)).max(Duration::from_secs(1))
    }

    /// No run that comes to an end takes longer.
    pub(super) fn limit(&self) -> Duration {
        let mut limit = self.lease() * 20 + F::TIMES.deadline.unwrap_or_default() + PATIENCE;
        for step in &self.table.steps {
            let timeout = step.info.timeout.unwrap_or(PATIENCE);
            for retry in [step.info.retry, step.info.undo_retry] {
                let attempts = match step.does {
                    Does::Wait { .. } => 1,
                    Does::Act => retry.attempts.unwrap_or(ENOUGH).min(ENOUGH),
                };
                limit = limit.saturating_add((timeout + retry.longest) * attempts * 2);
            }
        }
        limit.min(Duration::from_secs(10 * 365 * 24 * 60 * 60))
    }
}
