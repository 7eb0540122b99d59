//! Why a command was not executed, an aggregate not loaded, an application not built.

use uuid::Uuid;

use crate::number::{Position, Version};
use crate::payload::EncodeError;
use crate::projection::HandlerError;
use crate::store::{Conflict, InvalidAppend, RehydrateError, StoreError};
use crate::stream::{InvalidStreamName, StreamName};

/// Why a command was not executed. `R` is the handler's own rejection.
///
/// Except for [`NotSeen`](Self::NotSeen), nothing is stored, nothing is recorded under the command's id, and the command may be sent again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<R> {
    /// The aggregate turned the command down, on a state that was the real one at some moment of the call. Answer as the domain asks for, often 409 or 422.
    #[error("the command was rejected: {0}")]
    Rejected(R),
    /// In every attempt another process had written to the stream first. Answer 503 or 409; trying again helps.
    #[error("other processes were faster in every attempt: {0}")]
    Conflict(Conflict),
    /// The id was given to another command before, which was accepted. A mistake of the sender: answer 409 or 422.
    #[error("the id {command_id} was given to another command, accepted by {stream}")]
    DuplicateCommand {
        /// The id.
        command_id: Uuid,
        /// The stream of the aggregate that accepted the other command.
        stream: StreamName,
    },
    /// As many commands are waiting for this stream as the builder's `queue` allows. Answer 429 or 503; trying again later helps.
    #[error("too many commands are waiting for {stream}")]
    Overloaded {
        /// The stream.
        stream: StreamName,
    },
    /// The aggregate is not part of the application. A mistake of the program.
    #[error("`{aggregate}` is not registered: add `.aggregate::<{aggregate}>()` to `Kenning::builder`")]
    NotRegistered {
        /// The type of the aggregate.
        aggregate: &'static str,
    },
    /// A read model to be waited for is not part of the application. A mistake of the program.
    #[error("`{read_model}` is not registered: add `.read_model::<{read_model}>()` to `Kenning::builder`")]
    ReadModelNotRegistered {
        /// The type of the read model.
        read_model: &'static str,
    },
    /// The command was accepted and its events are durable, but the read model that was to be waited for has not come so far in time. Answer 202, or as for an accepted command; sending it
    /// again is of no use.
    #[error("`{read_model}` does not have version {version} of {stream} yet, which is stored{}", unrun(*running))]
    NotSeen {
        /// The type of the read model.
        read_model: &'static str,
        /// The stream of the aggregate.
        stream: StreamName,
        /// The version of the stream after the command.
        version: Version,
        /// The place of the last event in the feed.
        position: Position,
        /// Whether a process runs the read model: `false` when none calls
        /// [`Kenning::run`](crate::Kenning::run).
        running: bool,
    },
    /// An inline projection did not follow the events, so none is stored. The source is the handler's own error, or a
    /// [`HandleError`](crate::read_model::HandleError) after a panic or when it took too long. Where the projection refuses what breaks a rule of its own, as that a name is
    /// unique, find that out from the source and answer 409; else answer 500.
    #[error("the inline projection `{projection}` failed, so nothing is stored")]
    Projection {
        /// The name of the projection.
        projection: &'static str,
        /// What it failed with.
        source: HandlerError,
    },
    /// The command's id cannot be the id of a stream. Answer 400.
    #[error(transparent)]
    InvalidStream(#[from] InvalidStreamName),
    /// An event, or the body of the command for the ledger, cannot be written as JSON or cannot be read back from it, such as NaN. A mistake of the program.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The events break a limit of [`limits`](crate::limits). Answer 413 or 422; trying again does not help.
    #[error(transparent)]
    Invalid(#[from] InvalidAppend),
    /// The stream cannot be replayed: an event in it cannot be read by this release. Answer 500.
    #[error(transparent)]
    Rehydrate(RehydrateError),
    /// The store failed; it says whether trying again helps. After [`StoreError::OutcomeUnknown`] the events may be stored: send the command again
    /// with the id that it had, if that was given by [`Execute::id`](crate::Execute::id), else look at the aggregate first.
    #[error(transparent)]
    Store(StoreError),
    /// The application is closed. Answer 503.
    #[error("the application is closed")]
    Closed,
}

impl<R> ExecuteError<R> {
    /// Whether the same command may succeed when it is sent again, and nothing was stored by this call.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::Overloaded { .. } => true,
            Self::Store(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// The handler's own rejection, if that is what it is.
    #[must_use]
    pub fn rejection(&self) -> Option<&R> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }
}

impl<R> From<StoreError> for ExecuteError<R> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}

impl<R> From<RehydrateError> for ExecuteError<R> {
    fn from(error: RehydrateError) -> Self {
        match error {
            RehydrateError::Store(error) => error.into(),
            other @ RehydrateError::Decode { .. } => Self::Rehydrate(other),
        }
    }
}

/// Why an aggregate was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The aggregate is not part of the application. A mistake of the program.
    #[error("`{aggregate}` is not registered: add `.aggregate::<{aggregate}>()` to `Kenning::builder`")]
    NotRegistered {
        /// The type of the aggregate.
        aggregate: &'static str,
    },
    /// The id cannot be the id of a stream. Answer 400.
    #[error(transparent)]
    InvalidStream(#[from] InvalidStreamName),
    /// An event of the stream cannot be read by this release. Answer 500.
    #[error(transparent)]
    Rehydrate(RehydrateError),
    /// The store failed; it says whether trying again helps.
    #[error(transparent)]
    Store(StoreError),
    /// The application is closed. Answer 503.
    #[error("the application is closed")]
    Closed,
}

impl LoadError {
    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}

impl From<RehydrateError> for LoadError {
    fn from(error: RehydrateError) -> Self {
        match error {
            RehydrateError::Store(error) => error.into(),
            other @ RehydrateError::Decode { .. } => Self::Rehydrate(other),
        }
    }
}

fn unrun(running: bool) -> &'static str {
    if running { "" } else { ": no process runs this read model, call `app.run(…)` in one" }
}
