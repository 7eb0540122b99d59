//! Events as they were recorded.

use std::ops::Deref;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::event::RawEvent;
use crate::event_set::{EventSet, decode};
use crate::headers::Headers;
use crate::number::{Position, Version};
use crate::payload::{DecodeError, Payload};
use crate::stream::StreamName;

/// What is recorded beside the payload of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The id of the event, a `UUIDv7`.
    pub id: Uuid,
    /// Its stream.
    pub stream: StreamName,
    /// Its number in the stream.
    pub version: Version,
    /// Its place in the feed.
    pub position: Position,
    /// What the whole conversation has in common.
    pub correlation_id: Option<Uuid>,
    /// The message that caused it: of an event caused by a command, the command's id.
    pub causation_id: Option<Uuid>,
    /// Free headers.
    pub headers: Headers,
    /// When it was recorded, by the store's clock, in UTC, to the microsecond.
    pub recorded_at: OffsetDateTime,
}

impl Metadata {
    /// The metadata of an event as a store read them, without ids of correlation and causation and without headers; set these on the value.
    #[must_use]
    pub fn new(
        id: Uuid,
        stream: StreamName,
        version: Version,
        position: Position,
        recorded_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            stream,
            version,
            position,
            correlation_id: None,
            causation_id: None,
            headers: Headers::new(),
            recorded_at,
        }
    }
}

/// A stored event, not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// What is recorded beside the payload.
    pub metadata: Metadata,
    /// The persisted name of the event.
    pub name: Arc<str>,
    /// The version of the payload.
    pub schema_version: u32,
    /// The payload.
    pub payload: Payload,
}

impl RecordedEvent {
    /// The event as a decoder takes it.
    #[must_use]
    pub fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            version: self.metadata.version,
            name: &self.name,
            schema_version: self.schema_version,
            payload: self.payload.as_bytes(),
        }
    }

    /// Decodes it as an event of the set `S`.
    ///
    /// # Errors
    /// When the set does not have the event or cannot read its version or payload.
    pub fn decode<S: EventSet>(&self) -> Result<Recorded<S>, DecodeError> {
        Ok(Recorded::new(decode(&self.raw())?, self.metadata.clone()))
    }
}

/// An event with what was recorded beside it. The event's own fields are reached as on the event itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<E> {
    event: E,
    metadata: Metadata,
}

impl<E> Recorded<E> {
    /// Puts an event and its metadata together.
    #[must_use]
    pub fn new(event: E, metadata: Metadata) -> Self {
        Self { event, metadata }
    }

    /// The event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// The event, without its metadata.
    pub fn into_event(self) -> E {
        self.event
    }

    /// The event and its metadata.
    pub fn into_parts(self) -> (E, Metadata) {
        (self.event, self.metadata)
    }

    /// Everything that was recorded beside the event.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The stream of the event.
    pub fn stream(&self) -> &StreamName {
        &self.metadata.stream
    }

    /// The number of the event in its stream.
    pub fn version(&self) -> Version {
        self.metadata.version
    }

    /// The place of the event in the feed.
    pub fn position(&self) -> Position {
        self.metadata.position
    }

    /// When the event was recorded, by the store's clock.
    pub fn recorded_at(&self) -> OffsetDateTime {
        self.metadata.recorded_at
    }
}

impl<E> Deref for Recorded<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}
