//! How a reactor says that it did not succeed.

use std::error::Error;
use std::fmt;

use crate::check::Failure;

type Source = Box<dyn Error + Send + Sync>;

/// Why a reactor could not handle an event. Any other error becomes a [`Retry`](Self::Retry) by `?`.
///
/// It is no [`Error`] itself, so that every error can become one.
#[non_exhaustive]
pub enum ReactorError {
    /// The same again may succeed: it is tried as often as the reactor's [options](crate::ConsumerOptions::attempts) say, then the event is parked.
    Retry {
        /// What went wrong.
        error: Source,
    },
    /// It fails again for certain: the event is parked at once, and later ones of its stream wait behind it.
    Park {
        /// What is wrong.
        error: Source,
    },
}

impl ReactorError {
    /// Try again.
    pub fn retry(error: impl Into<Source>) -> Self {
        Self::Retry { error: error.into() }
    }

    /// Park the event.
    pub fn park(error: impl Into<Source>) -> Self {
        Self::Park { error: error.into() }
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Retry { error } | Self::Park { error } => &**error,
        }
    }
}

impl<E: Failure> From<E> for ReactorError {
    fn from(error: E) -> Self {
        Self::retry(error.into_source())
    }
}

impl fmt::Display for ReactorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error(), f)
    }
}

impl fmt::Debug for ReactorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { error } => f.debug_struct("Retry").field("error", error).finish(),
            Self::Park { error } => f.debug_struct("Park").field("error", error).finish(),
        }
    }
}

/// What an `#[on]` function of a reactor may return: nothing, or a `Result` with any error that becomes a [`ReactorError`].
#[diagnostic::on_unimplemented(
    message = "a reactor's function cannot return `{Self}`",
    label = "neither nothing nor a `Result<(), …>`",
    note = "return nothing or `Result<(), ReactorError>`; what the event causes goes into `effects`",
    note = "`?` makes `ReactorError::retry(…)` of an error or a text; to park the event write `ReactorError::park(…)`"
)]
pub trait ReactorReturn {
    /// As the engine takes it.
    ///
    /// # Errors
    /// That of the function.
    fn into_result(self) -> Result<(), ReactorError>;
}

impl ReactorReturn for () {
    fn into_result(self) -> Result<(), ReactorError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<ReactorError>> ReactorReturn for Result<(), E> {
    fn into_result(self) -> Result<(), ReactorError> {
        self.map_err(Into::into)
    }
}
