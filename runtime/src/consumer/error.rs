//! Why consumers do not run, and why nothing can be asked of one.

use crate::number::Position;
use crate::store::StoreError;

/// Why [`run`](crate::Kenning::run) or [`run_until_idle`](crate::Kenning::run_until_idle) came back without having been told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The application runs its consumers already. A mistake of the program.
    #[error("the consumers of this application are running already")]
    Running,
    /// A consumer fails again and again in this process, so that it may never be idle. Only of `run_until_idle`: `run` goes on trying.
    #[error("the consumer `{consumer}` does not get on: {problem}")]
    Failing {
        /// The consumer.
        consumer: String,
        /// What it failed with last.
        problem: String,
    },
    /// The store could not be asked whether anything is left to do. Only of `run_until_idle`.
    #[error(transparent)]
    Store(StoreError),
    /// The application or its store is closed.
    #[error("the application is closed")]
    Closed,
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}

/// Why something could not be done to a consumer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The store has no such consumer. Answer 404.
    #[error("there is no consumer `{name}`")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The application does not run it. A mistake of the program.
    #[error("`{consumer}` is not registered: add it to `Kenning::builder`")]
    NotRegistered {
        /// The type of the read model or projection.
        consumer: &'static str,
    },
    /// The event is not parked: it was handled or discarded meanwhile. Answer 404.
    #[error("the event at position {position} is not parked for `{consumer}`")]
    NotParked {
        /// The consumer.
        consumer: String,
        /// The place of the event.
        position: Position,
    },
    /// What was being built was thrown away for something newer, as a higher version.
    #[error("the building of `{consumer}` was given up for a newer one")]
    Superseded {
        /// The consumer.
        consumer: String,
    },
    /// A reset would have effects again. Nothing was done.
    #[error(
        "`{consumer}` is a {kind}: after a reset it calls the outside again, and repeats what the ledger has forgotten; if that is meant, say `reset_with_effects`"
    )]
    RepeatsEffects {
        /// The consumer.
        consumer: String,
        /// Its kind.
        kind: String,
    },
    /// It cannot be forgotten while it is declared.
    #[error(
        "`{consumer}` is declared by this application: take it out of `Kenning::builder` before it is forgotten"
    )]
    Declared {
        /// The consumer.
        consumer: String,
    },
    /// Events failed while it was built, so that it does not replace the live table.
    #[error("the rebuild of `{consumer}` does not replace the live table: {reason}")]
    RebuildBlocked {
        /// The consumer.
        consumer: String,
        /// What blocks it, and what to do.
        reason: String,
    },
    /// The store failed; it says whether trying again helps.
    #[error(transparent)]
    Store(StoreError),
    /// The application is closed. Answer 503.
    #[error("the application is closed")]
    Closed,
}

impl From<StoreError> for ConsumerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}
