//! When events come.

use std::fmt;

/// When an event is recorded that an instance waits for, and when its consumer delivers it.
///
/// Undisturbed, an event is recorded a second after its wait has begun, or in the middle of a shorter
/// wait, and delivered at once. [`Explore::event`](super::Explore::event) tries the others, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Arrival {
    /// Before the instance is started: kept, passed over or parked, as the wait's `missing` says. A
    /// parked event is retried at the end of the run.
    BeforeStart,
    /// After the start of the instance, before any step.
    BeforeSteps,
    /// At the moment at which the wait begins.
    AtOnce,
    /// A millisecond before the timeout of the wait is due.
    JustBefore,
    /// At the moment at which the timeout is due.
    AtTimeout,
    /// A millisecond after the timeout was due.
    JustAfter,
    /// After the instance has ended, or was parked.
    AfterEnd,
    /// A millisecond before the timeout is due, while the consumer is behind: it delivers the event
    /// after the timeout was due. The event wins, since it was recorded in time.
    Behind,
    /// As `Behind`, and the consumer is behind for longer than timeouts are
    /// [held back](crate::saga::SagaOptions::hold_timeouts) by default. The timeout wins.
    FarBehind,
    /// Delivered twice: the consumer is reset after the first time. Both deliveries have the event's id.
    Redelivered,
    /// Recorded twice, as two events with different ids, by a producer that tries again.
    RecordedTwice,
    /// Never.
    Never,
}

impl Arrival {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BeforeStart,
        Self::BeforeSteps,
        Self::AtOnce,
        Self::JustBefore,
        Self::AtTimeout,
        Self::JustAfter,
        Self::AfterEnd,
        Self::Behind,
        Self::FarBehind,
        Self::Redelivered,
        Self::RecordedTwice,
        Self::Never,
    ];

    /// What an event does that comes so.
    pub(super) fn recorded(self) -> String {
        match self {
            Self::Never => "is never recorded".to_owned(),
            other => format!("is recorded {other}"),
        }
    }

    /// Whether the timeout of a wait is needed for it.
    pub(super) fn needs_timeout(self) -> bool {
        matches!(self, Self::JustBefore | Self::AtTimeout | Self::JustAfter | Self::Behind | Self::FarBehind)
    }

    /// Whether it can happen to an event that starts an instance.
    pub(super) fn suits_start(self) -> bool {
        matches!(self, Self::Redelivered | Self::RecordedTwice)
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeStart => "before the instance is started",
            Self::BeforeSteps => "before any step is begun",
            Self::AtOnce => "at the moment at which its wait begins",
            Self::JustBefore => "a millisecond before the time of its wait is over",
            Self::AtTimeout => "at the moment at which the time of its wait is over",
            Self::JustAfter => "a millisecond after the time of its wait is over",
            Self::AfterEnd => "after the instance has ended or was parked",
            Self::Behind => {
                "a millisecond before the time of its wait is over, and delivered after it, \
                 since the consumer is behind"
            }
            Self::FarBehind => {
                "a millisecond before the time of its wait is over, and delivered after it, \
                 since the consumer is behind for longer than timeouts are held back"
            }
            Self::Redelivered => "once, and delivered twice",
            Self::RecordedTwice => "twice",
            Self::Never => "never",
        })
    }
}
