//! What is appended, and what is answered.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::error::InvalidAppend;
use super::ledger::LedgerEntry;
use crate::event::EncodedEvent;
use crate::fresh_id::fresh_id;
use crate::headers::Headers;
use crate::limits::{MAX_APPEND_BYTES, MAX_EVENT_NAME, MAX_EVENTS, MAX_HEADERS, MAX_PAYLOAD, MAX_STREAMS};
use crate::number::{Position, Version};
use crate::payload::Payload;
use crate::stream::StreamName;

/// What a writer expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing: append to whatever is there.
    Any,
    /// The stream has no event yet.
    New,
    /// The stream is at this version; version 0 is [`New`](Self::New).
    Exactly(Version),
}

impl Expect {
    /// Whether a stream at this version is as expected.
    #[must_use]
    pub fn allows(self, actual: Version) -> bool {
        match self {
            Self::Any => true,
            Self::New => actual == Version::ZERO,
            Self::Exactly(version) => actual == version,
        }
    }
}

/// An event to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id, by which the outcome of an append is found out when the connection dies; draw it once, keep it over retries.
    pub id: Uuid,
    /// The persisted name.
    pub name: Arc<str>,
    /// The version of the payload.
    pub schema_version: u32,
    /// The payload.
    pub payload: Payload,
    /// What the whole conversation has in common.
    pub correlation_id: Option<Uuid>,
    /// The message that caused it.
    pub causation_id: Option<Uuid>,
    /// Free headers.
    pub headers: Headers,
}

impl NewEvent {
    /// An event with a fresh id and nothing beside its payload.
    #[must_use]
    pub fn new(event: EncodedEvent) -> Self {
        Self {
            id: fresh_id(),
            name: event.name.into(),
            schema_version: event.schema_version,
            payload: event.payload,
            correlation_id: None,
            causation_id: None,
            headers: Headers::new(),
        }
    }
}

/// The events for one stream.
#[derive(Clone, Debug)]
pub struct StreamAppend {
    /// The stream.
    pub stream: StreamName,
    /// What the writer expects of it.
    pub expect: Expect,
    /// The events, in order; may be empty. Without events the expectation is checked and nothing keeps it: another may write to the stream before this
    /// append commits.
    pub events: Vec<NewEvent>,
}

/// One or several streams' events, written all or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    /// The streams, each at most once.
    pub streams: Vec<StreamAppend>,
    /// The command that caused it, when its id was given by the caller and has to be remembered.
    pub command: Option<LedgerEntry>,
}

impl Append {
    /// An append to one stream.
    #[must_use]
    pub fn to(stream: StreamName, expect: Expect, events: Vec<NewEvent>) -> Self {
        Self { streams: vec![StreamAppend { stream, expect, events }], command: None }
    }

    /// Adds another stream.
    #[must_use]
    pub fn and(mut self, stream: StreamName, expect: Expect, events: Vec<NewEvent>) -> Self {
        self.streams.push(StreamAppend { stream, expect, events });
        self
    }

    /// Records a command in the same transaction; its outcome is that of the first stream.
    #[must_use]
    pub fn command(mut self, command: LedgerEntry) -> Self {
        self.command = Some(command);
        self
    }

    /// How many events there are.
    #[must_use]
    pub fn events(&self) -> usize {
        self.streams.iter().map(|stream| stream.events.len()).sum()
    }

    /// The bytes of all payloads.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.streams.iter().flat_map(|stream| &stream.events).map(|event| event.payload.len()).sum()
    }

    /// Checks the documented limits; every store calls it first.
    ///
    /// # Errors
    /// The first limit that is exceeded.
    pub fn check(&self) -> Result<(), InvalidAppend> {
        if self.streams.is_empty() {
            return Err(InvalidAppend::NoStream);
        }
        if self.streams.len() > MAX_STREAMS {
            return Err(InvalidAppend::TooManyStreams { count: self.streams.len() });
        }
        if self.events() > MAX_EVENTS {
            return Err(InvalidAppend::TooManyEvents { count: self.events() });
        }
        for (nth, target) in self.streams.iter().enumerate() {
            if self.streams[..nth].iter().any(|other| other.stream == target.stream) {
                return Err(InvalidAppend::StreamTwice { stream: target.stream.clone() });
            }
            target.events.iter().try_for_each(check_event)?;
        }
        let events = self.streams.iter().flat_map(|target| &target.events);
        let bytes: usize =
            events.map(|event| event.payload.len() + event.name.len() + event.headers.bytes()).sum();
        if bytes > MAX_APPEND_BYTES {
            return Err(InvalidAppend::TooManyBytes { bytes });
        }
        Ok(())
    }
}

fn check_event(event: &NewEvent) -> Result<(), InvalidAppend> {
    let name = || event.name.to_string();
    if event.name.is_empty() || event.name.len() > MAX_EVENT_NAME || event.name.contains('\0') {
        return Err(InvalidAppend::EventName { name: name() });
    }
    if event.schema_version == 0 || i32::try_from(event.schema_version).is_err() {
        return Err(InvalidAppend::SchemaVersion { name: name(), version: event.schema_version });
    }
    if event.payload.len() > MAX_PAYLOAD {
        return Err(InvalidAppend::PayloadTooLarge { name: name(), bytes: event.payload.len() });
    }
    if event.headers.bytes() > MAX_HEADERS {
        return Err(InvalidAppend::HeadersTooLarge { name: name(), bytes: event.headers.bytes() });
    }
    Ok(())
}

/// What an append has done to one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendedTo {
    /// The stream.
    pub stream: StreamName,
    /// The version that the stream has now.
    pub version: Version,
    /// The positions of the events, in their order; they grow, with holes where others wrote.
    pub positions: Vec<Position>,
}

impl AppendedTo {
    /// The position of the last event, when there was any.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.positions.last().copied()
    }
}

/// What an append has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The streams, in the order of the append.
    pub streams: Vec<AppendedTo>,
    /// When, by the store's clock.
    pub recorded_at: OffsetDateTime,
}
