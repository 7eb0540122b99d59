//! How a step says that it did not succeed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::fault::{EngineFault, FaultKind};
use crate::check::Failure;

type Source = Box<dyn Error + Send + Sync>;

/// Why a step, or an undo, did not succeed. Any other error becomes a [`Retry`](Self::Retry) by `?`.
///
/// It is no [`Error`] itself, so that every error can become one.
#[non_exhaustive]
pub enum StepError {
    /// It may or may not have been done; the same again, under the same key, may succeed. When it is not tried again, its outcome is unknown, and its undo gets `None`.
    Retry {
        /// What went wrong.
        error: Source,
        /// Not sooner than this; `None`: as the step's `retry` says.
        after: Option<Duration>,
    },
    /// The business says no: it was not done under this key and never will be. Before the pivot, the saga is
    /// compensated; after it, or in an undo, the instance is parked.
    Fail {
        /// Why not.
        error: Source,
    },
    /// Kenning itself could not do something around the step, like reading what an earlier step has returned.
    /// Only Kenning makes one; pass it on by `?`. It never counts as [`Fail`](Self::Fail): the instance waits for
    /// a release that can, is parked, or the outcome is unknown.
    Engine(EngineFault),
}

impl StepError {
    /// Try again.
    pub fn retry(error: impl Into<Source>) -> Self {
        Self::Retry { error: error.into(), after: None }
    }

    /// Try again, not sooner than this.
    pub fn retry_after(error: impl Into<Source>, after: Duration) -> Self {
        Self::Retry { error: error.into(), after: Some(after) }
    }

    /// The business says no.
    pub fn fail(error: impl Into<Source>) -> Self {
        Self::Fail { error: error.into() }
    }

    pub(crate) fn engine(kind: FaultKind, error: impl Into<Source>) -> Self {
        Self::Engine(EngineFault::new(kind, error))
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Retry { error, .. } | Self::Fail { error } => &**error,
            Self::Engine(fault) => fault.error(),
        }
    }
}

impl<E: Failure> From<E> for StepError {
    fn from(error: E) -> Self {
        Self::retry(error.into_source())
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error(), f)
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { error, after } => {
                f.debug_struct("Retry").field("error", error).field("after", after).finish()
            }
            Self::Fail { error } => f.debug_struct("Fail").field("error", error).finish(),
            Self::Engine(fault) => f.debug_tuple("Engine").field(fault).finish(),
        }
    }
}

/// What the function of a step may return: a `Result` with any error that becomes a [`StepError`].
#[diagnostic::on_unimplemented(
    message = "a step cannot return `{Self}`",
    label = "not a `Result` with an error",
    note = "return `Result<…, StepError>`: what the step has produced, or why not",
    note = "`?` makes `StepError::retry(…)` of an error or a text; for a business no write `StepError::fail(…)`"
)]
pub trait StepReturn {
    /// What the step has produced.
    type Output;

    /// As the engine takes it.
    ///
    /// # Errors
    /// That of the step.
    fn into_result(self) -> Result<Self::Output, StepError>;
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<StepError>> StepReturn for Result<T, E> {
    type Output = T;

    fn into_result(self) -> Result<T, StepError> {
        self.map_err(Into::into)
    }
}
