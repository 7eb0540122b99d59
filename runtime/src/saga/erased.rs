//! The functions of a saga without the types of what they return: what stands in its table.

use std::sync::Arc;

use super::command::{AnyCommand, IntoCommand, SagaCommand};
use super::context::{CallContext, StepContext};
use super::declaration::{Saga, SagaDefinition};
use super::error::StepError;
use super::event::StartedBy;
use super::failure::{FailureCommand, SagaFailure, SendsOnFailure};
use super::fault::FaultKind;
use super::outputs::Outputs;
use super::step::{Sends, Step, StepKind, StepOutput, TimesOut, Undo, UndoSends, WaitsFor};
use crate::aggregate::Aggregate;
use crate::command::Command;
use crate::event::Event;
use crate::payload::{DecodeError, Payload};
use crate::recorded::{Recorded, RecordedEvent};
use crate::store::BoxFuture;

pub(crate) type Boxed = Box<dyn AnyCommand>;
pub(crate) type RunStep<S> = for<'a> fn(
    &'a S,
    &'a Arc<<S as SagaDefinition>::Services>,
    CallContext,
    &'a Outputs,
) -> BoxFuture<'a, Result<Payload, StepError>>;
pub(crate) type RunUndo<S> = for<'a> fn(
    &'a S,
    &'a Arc<<S as SagaDefinition>::Services>,
    CallContext,
    Option<&'a Payload>,
) -> BoxFuture<'a, Result<(), StepError>>;

pub(crate) type TimedOut<S> = fn(&S) -> Result<Payload, StepError>;

/// What a step does.
pub(crate) struct Call<S: SagaDefinition> {
    pub(crate) forward: Forward<S>,
    pub(crate) back: Option<Back<S>>,
}

/// How a step is done.
pub(crate) enum Forward<S: SagaDefinition> {
    Run(RunStep<S>),
    Send(fn(&S, &Outputs) -> Result<Option<Boxed>, StepError>),
    /// With what the wait produces when its time is over, unless that is a failure.
    Wait(Option<TimedOut<S>>),
}

/// How a step is undone.
pub(crate) enum Back<S: SagaDefinition> {
    Run(RunUndo<S>),
    Send(fn(&S) -> Option<Boxed>),
}

/// What an event does.
pub(crate) enum Delivered<S> {
    /// It starts an instance.
    Start(S),
    /// It is for a wait of the instance with this id, and brings this.
    Wait(Result<String, String>, Payload),
}

pub(super) const fn step<S: Step<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Run(run::<S, N>), back: None }
}

pub(super) const fn undoable<S: Step<N> + Undo<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Run(run::<S, N>), back: Some(Back::Run(undo::<S, N>)) }
}

pub(super) const fn send<S: Sends<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Send(command::<S, N>), back: None }
}

pub(super) const fn undoable_send<S: Sends<N> + Undo<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Send(command::<S, N>), back: Some(Back::Run(undo::<S, N>)) }
}

pub(super) const fn send_undone_by_send<S: Sends<N> + UndoSends<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Send(command::<S, N>), back: Some(Back::Send(undo_command::<S, N>)) }
}

pub(super) const fn wait<S: SagaDefinition>() -> Call<S> {
    Call { forward: Forward::Wait(None), back: None }
}

pub(super) const fn wait_or<S: TimesOut<N>, const N: usize>() -> Call<S> {
    Call { forward: Forward::Wait(Some(timed_out::<S, N>)), back: None }
}

pub(super) const fn send_kind<C: Command>() -> StepKind {
    StepKind::Send { command: C::NAME, category: <C::Aggregate as Aggregate>::CATEGORY }
}

pub(super) const fn failure_command<S: SendsOnFailure>() -> FailureCommand<S> {
    FailureCommand {
        command: on_failure::<S>,
        name: <<S::Command as IntoCommand>::Command as Command>::NAME,
        category: <<<S::Command as IntoCommand>::Command as Command>::Aggregate as Aggregate>::CATEGORY,
    }
}

fn run<'a, S: Step<N>, const N: usize>(
    saga: &'a S,
    services: &'a Arc<S::Services>,
    call: CallContext,
    outputs: &'a Outputs,
) -> BoxFuture<'a, Result<Payload, StepError>> {
    Box::pin(async move {
        let name = call.step;
        let context = StepContext::new(Arc::clone(services), call);
        let output = saga.run(&context, outputs).await?;
        encoded(name, &output)
    })
}

fn undo<'a, S: Undo<N>, const N: usize>(
    saga: &'a S,
    services: &'a Arc<S::Services>,
    call: CallContext,
    output: Option<&'a Payload>,
) -> BoxFuture<'a, Result<(), StepError>> {
    Box::pin(async move {
        let output: Option<S::Output> =
            output.map(|output| S::Output::from_log(output.as_bytes())).transpose().map_err(|error| {
                let text = format!("what `{}` has returned cannot be read: {error}", call.step);
                StepError::engine(FaultKind::Unreadable, text)
            })?;
        let context = StepContext::new(Arc::clone(services), call);
        saga.undo(&context, output.as_ref()).await
    })
}

fn command<S: Sends<N>, const N: usize>(saga: &S, outputs: &Outputs) -> Result<Option<Boxed>, StepError> {
    Ok(saga.command(outputs)?.into_command().map(boxed))
}

fn undo_command<S: UndoSends<N>, const N: usize>(saga: &S) -> Option<Boxed> {
    saga.command().into_command().map(boxed)
}

fn on_failure<S: SendsOnFailure>(saga: &S, failure: &SagaFailure) -> Option<Boxed> {
    saga.on_failure(failure).into_command().map(boxed)
}

fn boxed<C: SagaCommand>(command: C) -> Boxed {
    Box::new(command)
}

fn timed_out<S: TimesOut<N>, const N: usize>(saga: &S) -> Result<Payload, StepError> {
    encoded(S::STEPS.get(N).map_or("", |step| step.info.name), &saga.timed_out())
}

pub(super) fn reads<T: StepOutput>(output: &[u8]) -> Result<(), serde_json::Error> {
    T::from_log(output).map(drop)
}

fn encoded<T: StepOutput>(step: &str, output: &T) -> Result<Payload, StepError> {
    // The step was done: that its output cannot be kept does not take that back.
    output
        .to_log(step)
        .map_err(|error| StepError::engine(FaultKind::Unknown, crate::app::with_sources(&error)))
}

pub(super) fn deliver_start<S: StartedBy<E>, E: Event>(
    event: &RecordedEvent,
) -> Result<Option<Delivered<S>>, DecodeError> {
    Ok(S::start(&decoded::<E>(event)?).map(Delivered::Start))
}

pub(super) fn deliver_wait<S: WaitsFor<N>, const N: usize>(
    event: &RecordedEvent,
) -> Result<Option<Delivered<S>>, DecodeError> {
    let Some((id, output)) = S::correlate(&decoded::<S::Event>(event)?).to else { return Ok(None) };
    let id = crate::id::id_text(&id).map_err(|error| error.to_string());
    let name = S::STEPS.get(N).map_or("", |step| step.info.name);
    let payload = output.to_log(name);
    Ok(Some(match payload {
        Ok(payload) => Delivered::Wait(id, payload),
        Err(error) => Delivered::Wait(Err(crate::app::with_sources(&error)), Payload::from_stored("null")),
    }))
}

fn decoded<E: Event>(event: &RecordedEvent) -> Result<Recorded<E>, DecodeError> {
    let payload = E::decode(event.schema_version, event.payload.as_bytes())?;
    Ok(Recorded::new(payload, event.metadata.clone()))
}

/// The id of an instance as text.
pub(crate) fn saga_id<S: Saga>(saga: &S) -> Result<String, crate::InvalidId> {
    crate::id::id_text(saga.id())
}
