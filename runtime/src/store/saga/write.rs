//! What the owner of an instance writes to it.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewSagaEntry, SagaStatus};
use crate::payload::Payload;

/// A write to an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaWrite {
    /// The instance.
    pub instance: Uuid,
    /// It has to have this epoch.
    pub epoch: u64,
    /// Its log has to have so many entries.
    pub sequence: u32,
    /// These are added to the log.
    pub entries: Vec<NewSagaEntry>,
    /// How it is afterwards.
    pub status: SagaStatus,
    /// Where it stands afterwards.
    pub step: Option<Arc<str>>,
    /// Why it is compensated or parked.
    pub reason: Option<String>,
    /// So many of its messages have been taken note of.
    pub messages_seen: u32,
    /// It follows another definition afterwards.
    pub migration: Option<SagaMigration>,
    /// Who has it afterwards.
    pub then: SagaThen,
}

/// Another definition for an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaMigration {
    /// Its version.
    pub version: u32,
    /// Its fingerprint.
    pub definition: u64,
    /// The data for it, as JSON.
    pub state: Payload,
}

/// Who has an instance after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaThen {
    /// Its owner goes on with it.
    Keep,
    /// Nobody, until it is due so long from now. While there are messages that nobody has taken note of, its owner keeps it.
    Release(Duration),
    /// Nobody, until a message is left for it. While there are messages that nobody has taken note of, its owner keeps it.
    Rest,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaWritten {
    /// It is done.
    Done {
        /// How many messages were left for the instance so far.
        messages: u32,
        /// Whether it was given away.
        released: bool,
        /// When that was.
        now: OffsetDateTime,
    },
    /// The instance is somebody else's, or has gone on: nothing was written.
    Lost,
}
