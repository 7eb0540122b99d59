//! The log of an instance, and the messages that were left for it.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::EventOrigin;
use crate::payload::Payload;

/// An entry to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSagaEntry {
    /// What happened.
    pub kind: SagaEntryKind,
    /// The step that it happened to; `None`: the whole instance.
    pub step: Option<Arc<str>>,
    /// The how many-th attempt it was, from 1; 0 where there are none.
    pub attempt: u32,
    /// What a step has returned, as JSON.
    pub output: Option<Payload>,
    /// What went wrong, or why something was asked for.
    pub text: Option<String>,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaEntry {
    /// Its place in the log, from 1. Where a step was tried more than 20 times, the log keeps the first
    /// attempt and the last ten; their places stay.
    pub sequence: u32,
    /// When it was written.
    pub at: OffsetDateTime,
    /// What it says.
    pub entry: NewSagaEntry,
}

macro_rules! kinds {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads what was stored.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// What happened to an instance. The words are persisted.
    SagaEntryKind {
        /// An attempt at a step is about to begin.
        Intent "intent",
        /// The step is done, with this output.
        Done "done",
        /// The attempt did not succeed; it is tried again.
        Retry "retry",
        /// The step is not done and never will be: the business says no.
        Failed "failed",
        /// The step is given up, and it is not known whether it was done.
        Unknown "unknown",
        /// A wait has begun.
        Waiting "waiting",
        /// The time of a wait is over.
        TimedOut "timed_out",
        /// An attempt at the undo of a step is about to begin.
        UndoIntent "undo_intent",
        /// The step is undone.
        Undone "undone",
        /// The attempt at the undo did not succeed; it is tried again.
        UndoRetry "undo_retry",
        /// The undo is given up: the instance is parked.
        UndoFailed "undo_failed",
        /// From here on the instance is compensated.
        Compensating "compensating",
        /// Somebody has cancelled the instance.
        Cancelled "cancelled",
        /// The instance cannot go on by itself.
        Parked "parked",
        /// Somebody has the parked instance go on where it stopped.
        Resumed "resumed",
        /// Somebody has the step, or its undo, count as done.
        Skipped "skipped",
        /// A request came that cannot be met.
        Refused "refused",
        /// The instance follows another definition from here on.
        Migrated "migrated",
        /// The command of the failed saga is about to be sent.
        FailureIntent "failure_intent",
        /// The command of the failed saga was sent.
        FailureSent "failure_sent",
        /// The command of the failed saga was not accepted; it is tried again.
        FailureRetry "failure_retry",
        /// The instance has come to its end with everything done.
        Completed "completed",
        /// The instance has come to its end with everything undone.
        Compensated "compensated",
    }
}

kinds! {
    /// What was left for an instance. The words are persisted.
    SagaMessageKind {
        /// An event that a step waits for, or will wait for.
        Event "event",
        /// Somebody wants it cancelled.
        Cancel "cancel",
        /// Somebody wants a parked one to go on.
        Retry "retry",
        /// Somebody wants a step of a parked one to count as done.
        Skip "skip",
    }
}

/// Something that was left for an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaMessage {
    /// Its place among the messages of the instance: grows, with holes.
    pub number: u64,
    /// When it was left.
    pub at: OffsetDateTime,
    /// What it is.
    pub kind: SagaMessageKind,
    /// The step that it is for.
    pub step: Option<Arc<str>>,
    /// The event that has brought it.
    pub event_id: Option<Uuid>,
    /// What the event brings, as JSON.
    pub output: Option<Payload>,
    /// Why it was asked for.
    pub text: Option<String>,
    /// Where the event is; `None`: it is none, or a release before 0.2 has left it.
    pub origin: Option<EventOrigin>,
}
