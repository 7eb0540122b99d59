//! What a caller has to know about a call that brought no result: whether it can still happen.

use std::error::Error;

/// A call that brought no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// It did not happen and never will under this key: asking again brings the same answer.
    #[error("refused: {reason}")]
    Refused { reason: String },

    /// It did not happen this time: ask again.
    #[error("the service is not available")]
    Unavailable { source: Box<dyn Error + Send + Sync> },

    /// It has happened or has not: ask again under the same key, or undo it.
    #[error("the service did not answer: whether it has acted is not known")]
    Unanswered { source: Box<dyn Error + Send + Sync> },
}

impl ServiceError {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    pub(crate) fn unanswered(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unanswered { source: source.into() }
    }
}
