//! How far a step of an instance is.

use std::fmt;

/// How far a step of an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StepStatus {
    /// It was not begun.
    #[default]
    Pending,
    /// It was begun.
    Running,
    /// It waits for its event.
    Waiting,
    /// It is done.
    Done,
    /// It counts as done: somebody has seen to it by hand.
    Skipped,
    /// It is not done, and never will be.
    Failed,
    /// It was given up, and it is not known whether it was done.
    Unknown,
    /// Its undo was begun.
    Undoing,
    /// Its undo was given up.
    Stuck,
    /// It is undone.
    Undone,
}

impl StepStatus {
    /// As a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Undoing => "undoing",
            Self::Stuck => "stuck",
            Self::Undone => "undone",
        }
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
