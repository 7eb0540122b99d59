//! What every run of a test begins with.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::arrival::Arrival;
use super::definition::{Definition, Release};
use crate::aggregate::Aggregate;
use crate::app::{Builder, with_sources};
use crate::event::{EncodedEvent, Event};
use crate::fresh_id::fresh_id;
use crate::number::{Position, Version};
use crate::payload::Payload;
use crate::recorded::{Metadata, RecordedEvent};
use crate::saga::{
    Brought, Does, Faults, MissingInstance, RegisteredSaga, SagaDefinition, SagaOptions, saga_start,
};
use crate::store::MemoryStore;
use crate::stream::StreamName;

type Register = fn(Builder<MemoryStore>) -> Builder<MemoryStore>;

/// How long a saga is given for whatever its table puts no bound to.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How often something is tried at the most where the table puts no bound to it.
pub(super) const ENOUGH: u32 = 20;

/// What every run of a test begins with.
pub(super) struct Stage<F: SagaDefinition> {
    pub(super) instances: Vec<NewInstance>,
    pub(super) register: Vec<Register>,
    /// What has happened before.
    pub(super) history: Vec<(StreamName, EncodedEvent)>,
    /// What happens in between.
    pub(super) events: Vec<Coming>,
    pub(super) faults: Faults,
    /// What is parked is told to go on at the end, when nothing goes wrong any more.
    pub(super) resumes: bool,
    pub(super) definition: Definition<F::Services>,
    /// The definition before it, which runs until the upgrade.
    pub(super) old: Option<Definition<F::Services>>,
    /// With the outputs that an operator may skip steps with; `None`: there is no operator.
    pub(super) operator: Option<Vec<(String, Arc<str>)>>,
}

/// An instance that a test starts.
pub(super) struct NewInstance {
    pub(super) id: Arc<str>,
    pub(super) state: Payload,
    /// The definition that it follows.
    pub(super) release: Release,
}

/// An event that comes.
#[derive(Clone)]
pub(super) struct Coming {
    pub(super) stream: StreamName,
    pub(super) event: EncodedEvent,
    /// The times at which it may come; `None`: all that make sense.
    pub(super) arrivals: Option<Vec<Arrival>>,
}

/// The instance and the step that an event is for.
#[derive(Clone)]
pub(super) struct For {
    pub(super) id: Arc<str>,
    pub(super) step: Arc<str>,
    pub(super) timeout: Option<Duration>,
    pub(super) missing: MissingInstance,
}

impl<F: SagaDefinition> Stage<F> {
    #[track_caller]
    pub(super) fn new(instances: Vec<F>) -> Self {
        let mut stage = Self {
            instances: Vec::new(),
            register: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            faults: Faults::default(),
            resumes: false,
            definition: Definition::of::<F>(),
            old: None,
            operator: None,
        };
        instances.iter().for_each(|saga| stage.start(saga, Release::New));
        stage
    }

    #[track_caller]
    pub(super) fn start<S: SagaDefinition>(&mut self, saga: &S, release: Release) {
        let (id, state) = match saga_start(saga) {
            Ok(start) => start,
            Err(reason) => panic!("the instance cannot be started: {reason}"),
        };
        self.instances.push(NewInstance { id: id.into(), state, release });
    }

    pub(super) fn aggregate<A: Aggregate>(&mut self) {
        self.register.push(Builder::aggregate::<A>);
    }

    #[track_caller]
    pub(super) fn event<E: Event>(&mut self, stream: &str, event: &E, arrivals: Option<Vec<Arrival>>) {
        let (stream, event) = Self::encoded(stream, event);
        self.events.push(Coming { stream, event, arrivals });
    }

    /// The definition of a release.
    pub(super) fn of(&self, release: Release) -> &Definition<F::Services> {
        match release {
            Release::Old => self.old.as_ref().unwrap_or(&self.definition),
            Release::New => &self.definition,
        }
    }

    /// The release that is deployed first.
    pub(super) fn first(&self) -> Release {
        if self.old.is_some() { Release::Old } else { Release::New }
    }

    /// The release whose definition has this fingerprint.
    pub(super) fn release(&self, fingerprint: u64) -> Release {
        match &self.old {
            Some(old) if old.fingerprint == fingerprint => Release::Old,
            _ => Release::New,
        }
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
        let table = &self.definition.table;
        let Some(step) = table.find(name) else {
            let names: Vec<_> = table.steps.iter().map(|step| format!("`{}`", step.name)).collect();
            panic!("`{}` has no step `{name}`\nhelp: its steps are {}", F::NAME, names.join(", "));
        };
        step
    }

    /// The instances and steps that an event is for, in one definition; none: it starts instances.
    /// `None`: that definition does not follow it.
    pub(super) fn route(saga: &RegisteredSaga, coming: &Coming) -> Option<Vec<For>> {
        let Coming { stream, event: encoded, .. } = coming;
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
        let mut routed = None;
        for (place, one) in saga.saga.events().iter().enumerate() {
            if one.info.name != encoded.name {
                continue;
            }
            let routed = routed.get_or_insert_with(Vec::new);
            let step = one.step.and_then(|step| saga.saga.about().table.steps.get(step));
            match (saga.saga.deliver(place, &recorded), step) {
                (Ok(Some(Brought::Wait(Ok(id), _))), Some(step)) => routed.push(For {
                    id: id.into(),
                    step: Arc::clone(&step.name),
                    timeout: step.info.timeout,
                    missing: one.missing,
                }),
                (Ok(_), _) => {}
                (Err(error), _) => {
                    panic!("`{}` on `{stream}` cannot be read: {}", encoded.name, with_sources(&error))
                }
            }
        }
        routed
    }

    fn definitions(&self) -> impl Iterator<Item = &Definition<F::Services>> {
        [&self.definition].into_iter().chain(&self.old)
    }

    fn deadline(&self) -> Option<Duration> {
        self.definitions().filter_map(|one| one.deadline).max()
    }

    /// How long a process holds its lease: so that waits of days are no work, and one that is taken over has most of its time left.
    pub(super) fn lease(&self) -> Duration {
        let steps = self.definitions().flat_map(|one| &one.table.steps);
        let waits = steps.filter(|step| matches!(step.does, Does::Wait { .. }));
        let longest = waits.filter_map(|step| step.info.timeout).max().unwrap_or_default();
        let lease = (longest / 40).clamp(Duration::from_secs(15), PATIENCE);
        self.deadline().map_or(lease, |deadline| lease.min(deadline / 10)).max(Duration::from_secs(1))
    }

    /// How long timeouts are held back.
    pub(super) fn hold() -> Duration {
        SagaOptions::new().hold_timeouts
    }

    /// No run that comes to an end takes longer.
    pub(super) fn limit(&self) -> Duration {
        let mut limit = self.lease() * 20 + self.deadline().unwrap_or_default() + PATIENCE;
        for step in self.definitions().flat_map(|one| &one.table.steps) {
            let timeout = step.info.timeout.unwrap_or(PATIENCE);
            if matches!(step.does, Does::Wait { .. }) {
                limit += Self::hold() * 2;
            }
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
