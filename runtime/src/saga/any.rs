//! A registered saga without its types.

use std::sync::Arc;
use std::time::Duration;

use super::command::AnyCommand;
use super::context::CallContext;
use super::declaration::SagaDefinition;
use super::description::SagaDescription;
use super::erased::{Back, Delivered, Forward, saga_id};
use super::error::StepError;
use super::event::{LateEvent, MissingInstance};
use super::failure::SagaFailure;
use super::fault::FaultKind;
use super::migration::{InFlight, Migrated};
use super::outputs::Outputs;
use super::progress::Moves;
use super::table::Table;
use crate::event::EventInfo;
use crate::payload::{DecodeError, Payload};
use crate::recorded::RecordedEvent;
use crate::store::BoxFuture;

/// A registered saga.
pub(crate) trait AnySaga: Send + Sync {
    fn about(&self) -> &About;

    /// Reads the data of an instance.
    fn instance(&self, state: &Payload) -> Result<Arc<dyn AnyInstance>, String>;

    /// The events that it follows, with the steps that wait for them.
    fn events(&self) -> Vec<Followed>;

    /// What an event does: the event at a place of [`events`](Self::events).
    fn deliver(&self, event: usize, recorded: &RecordedEvent) -> Result<Option<Brought>, DecodeError>;

    /// For how many versions before this one a migration is declared.
    fn migrations(&self) -> usize;

    /// Whether an output that was stored can be read.
    fn read_output(&self, step: usize, output: &Payload) -> Result<(), String>;

    /// Has an instance of an earlier version go on in this one; `None`: nothing is declared for that version.
    fn migrate(&self, from: &InFlight) -> Option<Result<(Payload, Moves), StepError>>;
}

/// What is known of a registered saga.
pub(crate) struct About {
    pub(crate) name: Arc<str>,
    pub(crate) static_name: &'static str,
    pub(crate) version: u32,
    pub(crate) table: Table,
    pub(crate) definition: SagaDescription,
    pub(crate) fingerprint: u64,
    pub(crate) deadline: Option<Duration>,
    pub(crate) has_last_word: bool,
}

/// An event that a saga follows.
pub(crate) struct Followed {
    pub(crate) info: EventInfo,
    /// `None`: it starts instances.
    pub(crate) step: Option<usize>,
    pub(crate) missing: MissingInstance,
    pub(crate) late: LateEvent,
}

/// What an event brings.
pub(crate) enum Brought {
    /// A new instance: its id, or why it cannot have that, and its data.
    Start(Result<(String, Payload), String>),
    /// Something for the instance of that id.
    Wait(Result<String, String>, Payload),
}

/// The data of an instance, with the functions of its saga.
pub(crate) trait AnyInstance: Send + Sync {
    /// Begins a step.
    fn forward<'a>(&'a self, step: usize, call: CallContext, outputs: &'a Outputs) -> Doing<'a>;

    /// Begins an undo.
    fn back<'a>(&'a self, step: usize, call: CallContext, output: Option<&'a Payload>) -> Doing<'a>;

    /// What a wait produces when its time is over.
    fn timed_out(&self, step: usize) -> Result<Payload, StepError>;

    /// The command of the failed saga.
    fn last_word(&self, failure: &SagaFailure) -> Option<Box<dyn AnyCommand>>;
}

/// What an attempt does.
pub(crate) enum Doing<'a> {
    /// Runs a function of the user's; the output of an undo is nothing.
    Run(BoxFuture<'a, Result<Option<Payload>, StepError>>),
    /// Sends a command, if there is one.
    Send(Result<Option<Box<dyn AnyCommand>>, StepError>),
}

/// A saga with its services.
pub(crate) struct Registered<S: SagaDefinition> {
    about: About,
    services: Arc<S::Services>,
}

impl<S: SagaDefinition> Registered<S> {
    pub(crate) fn new(services: Arc<S::Services>) -> Self {
        let definition = SagaDescription::of::<S>();
        let about = About {
            name: S::NAME.into(),
            static_name: S::NAME,
            version: S::VERSION,
            table: Table::of::<S>(),
            fingerprint: definition.fingerprint(),
            definition,
            deadline: S::TIMES.deadline,
            has_last_word: S::FAILED.is_some(),
        };
        Self { about, services }
    }
}

impl<S: SagaDefinition> AnySaga for Registered<S> {
    fn about(&self) -> &About {
        &self.about
    }

    fn instance(&self, state: &Payload) -> Result<Arc<dyn AnyInstance>, String> {
        let saga: S = serde_json::from_slice(state.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Arc::new(Instance { saga, services: Arc::clone(&self.services) }))
    }

    fn events(&self) -> Vec<Followed> {
        let followed = |event: &super::SagaEvent<S>| Followed {
            info: event.info,
            step: event.step,
            missing: event.missing,
            late: event.late,
        };
        S::EVENTS.iter().map(followed).collect()
    }

    fn deliver(&self, event: usize, recorded: &RecordedEvent) -> Result<Option<Brought>, DecodeError> {
        let Some(event) = S::EVENTS.get(event) else { return Ok(None) };
        Ok((event.deliver)(recorded)?.map(|delivered| match delivered {
            Delivered::Start(saga) => Brought::Start(start(&saga)),
            Delivered::Wait(id, output) => Brought::Wait(id, output),
        }))
    }

    fn migrations(&self) -> usize {
        S::MIGRATIONS.len()
    }

    fn read_output(&self, step: usize, output: &Payload) -> Result<(), String> {
        let reads = S::STEPS.get(step).map(|step| step.reads);
        reads.map_or(Ok(()), |reads| reads(output.as_bytes()).map_err(|error| error.to_string()))
    }

    fn migrate(&self, from: &InFlight) -> Option<Result<(Payload, Moves), StepError>> {
        // The last one is of the version before this.
        let back = S::VERSION.checked_sub(from.version)?;
        let at = S::MIGRATIONS.len().checked_sub(usize::try_from(back).ok()?)?;
        let migrate = S::MIGRATIONS.get(at)?;
        Some(migrate(from).and_then(|mut migrated| {
            let (state, _) = Payload::stored(S::NAME, &migrated.state)?;
            let outputs = std::mem::take(&mut migrated.outputs);
            let Migrated { renamed, forgotten, .. } = migrated;
            let mut moves = Moves { keeps_keys: true, renamed, forgotten, ..Moves::default() };
            for (step, output) in outputs {
                moves.set_output(step, &output.map_err(StepError::fail)?)?;
            }
            Ok((state, moves))
        }))
    }
}

/// The id and the data of an instance to be started.
pub(crate) fn start<S: SagaDefinition>(saga: &S) -> Result<(String, Payload), String> {
    let id = saga_id(saga).map_err(|error| error.to_string())?;
    let (state, _) = Payload::stored(S::NAME, saga).map_err(|error| crate::app::with_sources(&error))?;
    if state.len() > crate::limits::MAX_PAYLOAD {
        return Err(format!("its data has {} bytes, which is too large", state.len()));
    }
    Ok((id, state))
}

struct Instance<S: SagaDefinition> {
    saga: S,
    services: Arc<S::Services>,
}

impl<S: SagaDefinition> AnyInstance for Instance<S> {
    fn forward<'a>(&'a self, step: usize, call: CallContext, outputs: &'a Outputs) -> Doing<'a> {
        let Some(definition) = S::STEPS.get(step) else { return unknown(step) };
        match &definition.call.forward {
            Forward::Run(run) => {
                let run = run(&self.saga, &self.services, call, outputs);
                Doing::Run(Box::pin(async move { run.await.map(Some) }))
            }
            Forward::Send(command) => Doing::Send(command(&self.saga, outputs)),
            Forward::Wait(_) => unknown(step),
        }
    }

    fn back<'a>(&'a self, step: usize, call: CallContext, output: Option<&'a Payload>) -> Doing<'a> {
        match S::STEPS.get(step).and_then(|definition| definition.call.back.as_ref()) {
            Some(Back::Run(undo)) => {
                let undo = undo(&self.saga, &self.services, call, output);
                Doing::Run(Box::pin(async move { undo.await.map(|()| None) }))
            }
            Some(Back::Send(command)) => Doing::Send(Ok(command(&self.saga))),
            None => unknown(step),
        }
    }

    fn timed_out(&self, step: usize) -> Result<Payload, StepError> {
        match S::STEPS.get(step).map(|definition| &definition.call.forward) {
            Some(Forward::Wait(Some(timed_out))) => timed_out(&self.saga),
            _ => Err(StepError::engine(
                FaultKind::Unreadable,
                format!("step {step} has no output for when its time is over"),
            )),
        }
    }

    fn last_word(&self, failure: &SagaFailure) -> Option<Box<dyn AnyCommand>> {
        S::FAILED.as_ref().and_then(|failed| (failed.command)(&self.saga, failure))
    }
}

fn unknown<'a>(step: usize) -> Doing<'a> {
    let text = format!("step {step} cannot be done in this direction");
    Doing::Send(Err(StepError::engine(FaultKind::Unreadable, text)))
}
