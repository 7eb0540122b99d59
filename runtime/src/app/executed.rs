//! The answer to an accepted command.

use uuid::Uuid;

use crate::number::{Position, Version};
use crate::stream::StreamName;

/// An accepted command: what it caused, which is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed<E> {
    pub(crate) stream: StreamName,
    pub(crate) version: Version,
    pub(crate) position: Option<Position>,
    pub(crate) events: Vec<E>,
    pub(crate) command_id: Uuid,
    pub(crate) replayed: bool,
}

impl<E> Executed<E> {
    /// The stream of the aggregate.
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// The version of the stream after the command.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The place of the last event in the feed; `None` when the command caused none.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The events that the command has caused, in their order; none when there was nothing to do.
    pub fn events(&self) -> &[E] {
        &self.events
    }

    /// The events, without the rest.
    pub fn into_events(self) -> Vec<E> {
        self.events
    }

    /// The id of the command: given, or drawn.
    pub fn command_id(&self) -> Uuid {
        self.command_id
    }

    /// Whether this is the answer to an earlier sending of the same command, which has had its effect then.
    pub fn replayed(&self) -> bool {
        self.replayed
    }
}
