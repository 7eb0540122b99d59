//! The command ledger: which commands were accepted, and what came of them.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::number::{Position, Version};
use crate::stream::StreamName;

/// The SHA-256 of a command's name and canonical body.
pub type BodyHash = [u8; 32];

/// A command to be recorded with an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The id that the caller gave.
    pub command_id: Uuid,
    /// The hash of its body.
    pub body_hash: BodyHash,
}

/// An accepted command and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRecord {
    /// The id that the caller gave.
    pub command_id: Uuid,
    /// The hash of its body.
    pub body_hash: BodyHash,
    /// The stream of the aggregate that accepted it.
    pub stream: StreamName,
    /// The version of the stream afterwards.
    pub version: Version,
    /// How many events it caused in that stream: those up to `version`.
    pub events: u32,
    /// The position of the last of them.
    pub position: Option<Position>,
    /// When, by the store's clock.
    pub recorded_at: OffsetDateTime,
}
