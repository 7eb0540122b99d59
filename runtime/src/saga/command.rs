//! Commands that sagas send.

use std::fmt::Display;

use uuid::Uuid;

use super::error::StepError;
use super::fault::FaultKind;
use crate::aggregate::Aggregate;
use crate::app::{ExecuteError, Kenning};
use crate::command::{Command, Handle};
use crate::store::{BoxFuture, StoreError};

/// A command that a saga can send: its rejection can be shown, since it becomes the reason of the saga's failure.
#[diagnostic::on_unimplemented(
    message = "a saga cannot send `{Self}`",
    label = "not a command whose rejection can be shown",
    note = "a saga sends commands: write `#[derive(Clone, Serialize, Command)]` and `#[kenning(aggregate = …)]` on `{Self}`",
    note = "and the error of its handler says why: `#[derive(Debug, thiserror::Error)]`"
)]
pub trait SagaCommand: Command {
    /// The rejection as text.
    #[doc(hidden)]
    fn rejection(rejection: &<Self::Aggregate as Handle<Self>>::Rejection) -> String;
}

#[diagnostic::do_not_recommend]
impl<C: Command> SagaCommand for C
where
    <C::Aggregate as Handle<C>>::Rejection: Display,
{
    fn rejection(rejection: &<C::Aggregate as Handle<C>>::Rejection) -> String {
        rejection.to_string()
    }
}

/// What a function that sends may return: a command, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "a saga sends commands",
    note = "return a command, or an `Option` of one: write `#[derive(Clone, Serialize, Command)]` and `#[kenning(aggregate = …)]` on it"
)]
pub trait IntoCommand {
    /// The command.
    type Command: Command;

    /// The command, if one is to be sent.
    fn into_command(self) -> Option<Self::Command>;
}

impl<C: Command> IntoCommand for C {
    type Command = C;

    fn into_command(self) -> Option<C> {
        Some(self)
    }
}

impl<C: Command> IntoCommand for Option<C> {
    type Command = C;

    fn into_command(self) -> Self {
        self
    }
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) command_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) causation_id: Uuid,
}

/// A command of any type.
pub(crate) trait AnyCommand: Send {
    /// Executes it under its own id. Only a rejection is [`StepError::Fail`]. A command that was accepted under this
    /// id before counts as done, whatever its body was.
    fn execute<'a>(self: Box<Self>, app: &'a Kenning, sender: Sender)
    -> BoxFuture<'a, Result<(), StepError>>;

    /// Its name and its JSON, for tests.
    #[cfg(feature = "testing")]
    fn shown(&self) -> (&'static str, crate::payload::Payload);
}

impl<C: SagaCommand> AnyCommand for C {
    #[cfg(feature = "testing")]
    fn shown(&self) -> (&'static str, crate::payload::Payload) {
        let payload = crate::payload::Payload::of(C::NAME, self);
        (C::NAME, payload.unwrap_or_else(|_| crate::payload::Payload::from_stored("null")))
    }

    fn execute<'a>(
        self: Box<Self>,
        app: &'a Kenning,
        sender: Sender,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            let category = <C::Aggregate as Aggregate>::CATEGORY;
            let sent = app
                .execute(*self)
                .id(sender.command_id)
                .correlation(sender.correlation_id)
                .causation(sender.causation_id)
                .await;
            match sent {
                Ok(_) | Err(ExecuteError::NotSeen { .. }) => Ok(()),
                // The id is drawn from the instance and the step: only an earlier attempt can have used it, with what
                // another release made of the command.
                Err(ExecuteError::DuplicateCommand { command_id, stream }) => {
                    tracing::warn!(
                        command = C::NAME,
                        %command_id,
                        %stream,
                        "saga command was accepted before with another body: it counts as done"
                    );
                    Ok(())
                }
                Err(ExecuteError::Rejected(rejection)) => Err(StepError::fail(format!(
                    "`{}` was rejected by `{category}`: {}",
                    C::NAME,
                    C::rejection(&rejection)
                ))),
                Err(error) => Err(fault::<C>(&error)),
            }
        })
    }
}

/// What follows from an error that is no rejection: never that the command was not accepted.
fn fault<C: SagaCommand>(error: &ExecuteError<<C::Aggregate as Handle<C>>::Rejection>) -> StepError {
    let text = text::<C>(error);
    let kind = match error {
        // Nothing was tried.
        ExecuteError::Overloaded { .. }
        | ExecuteError::Closed
        | ExecuteError::Store(
            StoreError::Closed
            | StoreError::Unavailable(_)
            | StoreError::Overloaded
            | StoreError::Unsuitable(_),
        ) => FaultKind::Busy,
        // What this release cannot load or does not have, another one may.
        ExecuteError::Rehydrate(_)
        | ExecuteError::NotRegistered { .. }
        | ExecuteError::ReadModelNotRegistered { .. } => FaultKind::Release,
        ExecuteError::Encode(_)
        | ExecuteError::Invalid(_)
        | ExecuteError::InvalidStream(_)
        | ExecuteError::Store(StoreError::Refused(_)) => FaultKind::Unknown,
        _ => return StepError::retry(text),
    };
    StepError::engine(kind, text)
}

fn text<C: SagaCommand>(error: &ExecuteError<<C::Aggregate as Handle<C>>::Rejection>) -> String {
    let text = match error {
        ExecuteError::Rejected(rejection) => C::rejection(rejection),
        ExecuteError::Conflict(conflict) => conflict.to_string(),
        ExecuteError::Store(error) => crate::app::with_sources(error),
        ExecuteError::Encode(error) => crate::app::with_sources(error),
        ExecuteError::Invalid(error) => error.to_string(),
        ExecuteError::InvalidStream(error) => error.to_string(),
        ExecuteError::Rehydrate(error) => crate::app::with_sources(error),
        ExecuteError::Projection { projection, source } => {
            format!("the inline projection `{projection}` failed: {source}")
        }
        ExecuteError::DuplicateCommand { command_id, stream } => {
            format!("the id {command_id} was given to another command, accepted by {stream}")
        }
        ExecuteError::NotRegistered { aggregate } => format!("`{aggregate}` is not registered"),
        ExecuteError::ReadModelNotRegistered { read_model } => format!("`{read_model}` is not registered"),
        ExecuteError::Overloaded { stream } => format!("too many commands are waiting for {stream}"),
        ExecuteError::NotSeen { read_model, .. } => format!("`{read_model}` has not seen it"),
        ExecuteError::Closed => "the application is closed".to_owned(),
    };
    format!("`{}` was not executed: {text}", C::NAME)
}
