//! What operators ask.

use std::time::Duration;

use super::{SagaEntry, SagaMessage, SagaRecord, SagaStatus};

/// Which instances are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaQuery {
    /// Only of this saga.
    pub saga: Option<String>,
    /// Only with this status.
    pub status: Option<SagaStatus>,
    /// Only those that stand at this step.
    pub step: Option<String>,
    /// Only those started at least so long ago.
    pub older_than: Option<Duration>,
    /// Only those after this saga and id.
    pub after: Option<(String, String)>,
    /// How many at the most.
    pub limit: u32,
}

/// What an operator wants of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaRequest {
    /// It is to be compensated.
    Cancel {
        /// Why.
        reason: String,
    },
    /// A parked one is to go on where it stopped.
    Retry,
    /// Of a parked one the step, or its undo, is to count as done.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
}

/// An instance with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaWhole {
    /// The instance.
    pub record: SagaRecord,
    /// Its log.
    pub log: Vec<SagaEntry>,
    /// Everything that was left for it.
    pub messages: Vec<SagaMessage>,
}

/// A definition, as it was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaDefinitionRecord {
    /// The name of the saga.
    pub saga: String,
    /// Its version.
    pub version: u32,
    /// Its fingerprint.
    pub definition: u64,
    /// What it was: its steps, as the engine describes them, in JSON.
    pub description: String,
    /// Whether a worker whose lease has not run out runs it. Of no meaning when it is saved.
    pub live: bool,
}
