//! What was left for an instance.

use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::store::SagaMessage;

/// The messages of an instance that is there, or may come.
#[derive(Default)]
pub(super) struct Mailbox {
    messages: Vec<SagaMessage>,
    /// The events among them, each for its step.
    events: HashSet<(Uuid, Option<Arc<str>>)>,
}

impl Mailbox {
    /// Takes a message, unless it brings an event to a step that has it; says whether it is new.
    pub(super) fn take(&mut self, message: SagaMessage) -> bool {
        let new = message.event_id.is_none_or(|event| self.events.insert((event, message.step.clone())));
        if new {
            self.messages.push(message);
        }
        new
    }

    /// All of them, in their order.
    pub(super) fn messages(&self) -> &[SagaMessage] {
        &self.messages
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX)
    }
}
