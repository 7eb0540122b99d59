//! Starting instances, and leaving events for them.

use std::sync::Arc;

use uuid::Uuid;

use crate::number::Position;
use crate::payload::Payload;

/// An instance to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSaga {
    /// Drawn by whoever starts it.
    pub instance: Uuid,
    /// The name of the saga.
    pub saga: Arc<str>,
    /// What tells it from others.
    pub id: Arc<str>,
    /// The version of the definition that it is to follow.
    pub version: u32,
    /// The fingerprint of that definition.
    pub definition: u64,
    /// Its data, as JSON.
    pub state: Payload,
    /// The conversation that it belongs to.
    pub correlation_id: Uuid,
    /// The event or message that starts it.
    pub causation_id: Option<Uuid>,
    /// Whether events may have been kept for it before it is there: [`NewDelivery::keep`].
    pub early_events: bool,
}

/// An event to be left for an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The name of the saga.
    pub saga: Arc<str>,
    /// The id of the instance.
    pub id: Arc<str>,
    /// The step that waits for it, or will.
    pub step: Arc<str>,
    /// The event.
    pub event_id: Uuid,
    /// What it brings, as JSON.
    pub output: Payload,
    /// Whether it is kept for an instance that was never started yet.
    pub keep: bool,
    /// Where the event is, and by which definition it was read.
    pub origin: Option<EventOrigin>,
}

/// Where an event that was left for an instance is, and which definition has read it. An instance that follows another
/// definition reads the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventOrigin {
    /// The fingerprint of the definition.
    pub definition: u64,
    /// The place of the event in the feed.
    pub position: Position,
}

impl EventOrigin {
    /// As it is stored.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{:016x}@{}", self.definition, self.position.get())
    }

    /// Reads what was stored; `None`: an earlier release has left the event.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (definition, position) = text.split_once('@')?;
        Some(Self {
            definition: u64::from_str_radix(definition, 16).ok()?,
            position: Position::new(position.parse().ok()?),
        })
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was left for its instance, now or before.
    Left,
    /// The instance has come to its end: nothing was done.
    Ended,
    /// The step is done already: nothing was done.
    Late,
    /// No instance of that id was ever started, and the event is kept for one.
    Kept,
    /// No instance of that id was ever started: nothing was done.
    Missing,
}
