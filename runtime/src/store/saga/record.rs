//! An instance, as a store keeps it.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::payload::Payload;

/// An instance of a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaRecord {
    /// Drawn when it was started: all keys of its effects are drawn from this.
    pub instance: Uuid,
    /// The name of the saga.
    pub saga: Arc<str>,
    /// What tells it from other instances of the saga.
    pub id: Arc<str>,
    /// The version of the definition that it follows.
    pub version: u32,
    /// The fingerprint of the definition that it follows.
    pub definition: u64,
    /// Its data, as JSON.
    pub state: Payload,
    /// How it is.
    pub status: SagaStatus,
    /// Where it stands: the step that it does, waits at, or was parked at.
    pub step: Option<Arc<str>>,
    /// Why it is compensated or parked.
    pub reason: Option<String>,
    /// The conversation that it belongs to.
    pub correlation_id: Uuid,
    /// The event or message that started it.
    pub causation_id: Option<Uuid>,
    /// Grows whenever it changes hands.
    pub epoch: u64,
    /// How many entries its log has.
    pub sequence: u32,
    /// The worker that runs it.
    pub owner: Option<Uuid>,
    /// When it is to go on by itself, while nobody owns it.
    pub due_at: Option<OffsetDateTime>,
    /// How many messages were left for it.
    pub messages: u32,
    /// How many of them its owners have taken note of.
    pub messages_seen: u32,
    /// When it was started.
    pub started_at: OffsetDateTime,
    /// When it was last written to.
    pub updated_at: OffsetDateTime,
}

/// How many instances of each saga have each status, where there are any.
pub type SagaCounts = Vec<(String, SagaStatus, u64)>;

/// How an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SagaStatus {
    /// It does its steps.
    Running,
    /// It waits for events alone, and for their timeouts.
    Waiting,
    /// It undoes what it has done.
    Compensating,
    /// It has come to its end, with everything done.
    Completed,
    /// It has come to its end, with everything undone.
    Compensated,
    /// It cannot go on by itself; its reason says why.
    Parked,
}

impl SagaStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Waiting, Self::Compensating, Self::Completed, Self::Compensated, Self::Parked];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Parked => "parked",
        }
    }

    /// Reads what was stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it has come to its end: nothing is ever written to it again.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated)
    }
}

impl fmt::Display for SagaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
