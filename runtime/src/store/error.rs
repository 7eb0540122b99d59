//! What a store answers when it cannot do what it was asked.

use std::error::Error;

use uuid::Uuid;

use super::append::Expect;
use super::consumer::InvalidSelect;
use super::ledger::CommandRecord;
use crate::number::Version;
use crate::payload::DecodeError;
use crate::stream::StreamName;

type Source = Box<dyn Error + Send + Sync>;

/// A stream was not as the writer expected. Nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stream} is at version {actual}, the writer expected {expected:?}")]
pub struct Conflict {
    /// The stream.
    pub stream: StreamName,
    /// What the writer expected.
    pub expected: Expect,
    /// The version that the stream has.
    pub actual: Version,
}

/// An append breaks a limit of [`limits`](crate::limits). Nothing is stored; the same append never succeeds. Answer as for a bad request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAppend {
    /// An append without a stream.
    #[error("an append names at least one stream")]
    NoStream,
    /// One stream named twice.
    #[error("{stream} is named twice in one append")]
    StreamTwice {
        /// The stream.
        stream: StreamName,
    },
    /// More than [`MAX_STREAMS`](crate::limits::MAX_STREAMS).
    #[error("{count} streams in one append are too many")]
    TooManyStreams {
        /// How many there are.
        count: usize,
    },
    /// More than [`MAX_EVENTS`](crate::limits::MAX_EVENTS).
    #[error("{count} events in one append are too many")]
    TooManyEvents {
        /// How many there are.
        count: usize,
    },
    /// More than [`MAX_APPEND_BYTES`](crate::limits::MAX_APPEND_BYTES).
    #[error("{bytes} bytes in one append are too many: the limit is {}", crate::limits::MAX_APPEND_BYTES)]
    TooManyBytes {
        /// The bytes of all payloads, names and headers.
        bytes: usize,
    },
    /// A name that is empty, too long or has a NUL.
    #[error("`{name}` cannot name an event")]
    EventName {
        /// The name.
        name: String,
    },
    /// A schema version of 0 or beyond 31 bits.
    #[error("`{name}` cannot have the schema version {version}")]
    SchemaVersion {
        /// The name of the event.
        name: String,
        /// The version.
        version: u32,
    },
    /// More than [`MAX_PAYLOAD`](crate::limits::MAX_PAYLOAD).
    #[error("the payload of `{name}` has {bytes} bytes, which is too large")]
    PayloadTooLarge {
        /// The name of the event.
        name: String,
        /// The size of the payload.
        bytes: usize,
    },
    /// More than [`MAX_HEADERS`](crate::limits::MAX_HEADERS).
    #[error("the headers of `{name}` have {bytes} bytes, which is too many")]
    HeadersTooLarge {
        /// The name of the event.
        name: String,
        /// The size of the headers.
        bytes: usize,
    },
}

/// Why an append was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A stream was not as expected: read what is new, decide again. Nothing is stored.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The command was accepted before: its record. Nothing is stored by this append.
    #[error("the command {} was accepted before", .0.command_id)]
    DuplicateCommand(CommandRecord),
    /// It breaks a limit. Nothing is stored.
    #[error(transparent)]
    Invalid(#[from] InvalidAppend),
    /// The store failed; [`StoreError::OutcomeUnknown`] alone leaves open whether something is stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store is not reachable, is starting or is out of connections. Nothing was stored. Answer 503; trying again helps.
    #[error("the store is not available")]
    Unavailable(#[source] Source),
    /// The database chose this transaction as the victim of a deadlock or of a serialisation failure. Nothing was stored. Trying again helps.
    #[error("the transaction was turned back by concurrent ones")]
    Contention(#[source] Source),
    /// More work is waiting than the documented bound allows. Nothing was stored. Answer 429 or 503; trying again later helps.
    #[error("too much work is waiting")]
    Overloaded,
    /// The connection died while the transaction was being committed, and the store could not be asked in time whether it was. Look the events or the command up by
    /// their ids before anything else; do not repeat the append.
    #[error("it is not known whether the append was committed")]
    OutcomeUnknown {
        /// The ids of the events in question.
        event_ids: Vec<Uuid>,
        /// What went wrong.
        source: Source,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The server cannot serve Kenning: a replica, a schema of a newer release, a missing right. Trying again does not help.
    #[error("the store cannot be used: {0}")]
    Unsuitable(String),
    /// What is stored contradicts itself.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// What was to be written breaks a rule of its table, as a unique index. Nothing of the transaction is stored; trying again does not help.
    #[error("the store refuses what was to be written")]
    Refused(#[source] Source),
    /// A query that its table cannot answer: a mistake of its author. Answer 500; trying again does not help.
    #[error(transparent)]
    InvalidSelect(#[from] InvalidSelect),
    /// Anything else that the database said. Answer 500; trying again does not help.
    #[error("the database reports an error")]
    Database(#[source] Source),
}

impl StoreError {
    /// The answer to what was decided on a [timeline](super::Timeline) that is over. Nothing is stored.
    #[must_use]
    pub fn timeline_over() -> Self {
        Self::Contention("the database server changed since the state was read: read it again".into())
    }

    /// Whether the same call may succeed when it is made again, and nothing was stored by this one.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contention(_) | Self::Overloaded)
    }
}

/// Why a stream could not be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehydrateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be read.
    #[error("version {version} of {stream} cannot be read")]
    Decode {
        /// The stream.
        stream: StreamName,
        /// The number of the event.
        version: Version,
        /// Why.
        source: DecodeError,
    },
}
