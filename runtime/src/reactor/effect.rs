//! One effect of a reactor, before it is done.

use std::fmt;

use uuid::Uuid;

use crate::app::AnySent;
use crate::command::CommandContext;
use crate::store::{BodyHash, LedgerEntry, NewEvent};
use crate::stream::StreamName;

/// A command or an event, as a handler has asked for it.
pub(crate) struct Effect {
    /// Its id, under which it is done once.
    pub(crate) id: Uuid,
    /// What it is.
    pub(crate) hash: BodyHash,
    /// The stream that it writes to.
    pub(crate) stream: StreamName,
    /// It is known to have been done before.
    pub(crate) done: bool,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Command {
        sent: Box<dyn AnySent>,
        context: CommandContext,
        /// Why its rejection is in order, if it is.
        skip: Option<&'static str>,
    },
    Event {
        event: NewEvent,
        /// Whether a hash was recorded for the event, by this release or an earlier one.
        is_hash: Box<dyn Fn(&BodyHash) -> bool + Send + Sync>,
    },
}

impl Effect {
    /// How it is remembered.
    pub(crate) fn entry(&self) -> LedgerEntry {
        LedgerEntry { command_id: self.id, body_hash: self.hash }
    }

    /// Its name, for messages.
    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            Kind::Command { sent, .. } => sent.name(),
            Kind::Event { event, .. } => &event.name,
        }
    }

    /// Whether the recorded hash is that of this effect.
    pub(crate) fn is_recorded_as(&self, recorded: &BodyHash) -> bool {
        self.hash == *recorded
            || match &self.kind {
                Kind::Command { sent, .. } => sent.is_hash(recorded),
                Kind::Event { is_hash, .. } => is_hash(recorded),
            }
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.name(), self.stream)
    }
}
