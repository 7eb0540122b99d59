//! The kinds of things that can go wrong.

use std::fmt;

use crate::saga::SagaDefinition;
use crate::testing::saga::stage::Stage;
use crate::testing::saga::twist::Twist;

/// A kind of things that can go wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// A process dies.
    Crash,
    /// A process is stopped, another takes over, and the first continues.
    Pause,
    /// An attempt at a step, an undo or a command fails, takes too long or panics.
    Attempt,
    /// An event comes early, late, twice, never, or while the consumer is behind.
    Event,
    /// An operator requests something: by default only to cancel.
    Request,
    /// The definition is upgraded, and perhaps rolled back.
    Upgrade,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Crash, Self::Pause, Self::Attempt, Self::Event, Self::Request, Self::Upgrade];

    pub(super) fn of(twist: &Twist) -> Self {
        match twist {
            Twist::Dies(_) => Self::Crash,
            Twist::Stops(..) => Self::Pause,
            Twist::Asked(..) | Twist::AskedAtRest(..) | Twist::CancelledAt(_) => Self::Request,
            Twist::Attempt(..) => Self::Attempt,
            Twist::Event(..) => Self::Event,
            Twist::Upgraded(..) | Twist::RolledBack(_) => Self::Upgrade,
        }
    }

    /// What a test calls for a kind that is not explored.
    pub(super) fn missing<F: SagaDefinition>(self, stage: &Stage<F>) -> Option<&'static str> {
        match self {
            Self::Crash | Self::Pause | Self::Attempt => None,
            Self::Event => stage.events.is_empty().then_some("no event: `.event(stream, &event)`"),
            Self::Request => stage.operator.is_none().then_some("only cancel: `.operator()` for more"),
            Self::Upgrade => stage.old.is_none().then_some("no upgrade: `.upgraded_from::<Old>()`"),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "a crash",
            Self::Pause => "a stopped process",
            Self::Attempt => "a failing attempt",
            Self::Event => "an event at another time",
            Self::Request => "a request of an operator",
            Self::Upgrade => "an upgrade",
        })
    }
}
