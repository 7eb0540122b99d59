//! How far a step of an instance is.

use std::fmt;
use std::sync::Arc;

use super::description::SagaDescription;
use super::progress::{Progress, StepState};
use super::table::Table;
use crate::store::{SagaEntry, SagaEntryKind};

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

impl SagaDescription {
    /// How far each step of an instance is, as its log says, in the order of the steps.
    #[must_use]
    pub fn statuses(&self, log: &[SagaEntry]) -> Vec<(&str, StepStatus)> {
        let names: Vec<Arc<str>> = self.steps.iter().map(|step| step.name.as_str().into()).collect();
        let progress = Progress::read(&Table::of_names(&names), log);
        let status = |name: &str, state| match StepStatus::from(state) {
            StepStatus::Done if is_skipped(log, name) => StepStatus::Skipped,
            status => status,
        };
        let steps = self.steps.iter().zip(&progress.steps);
        steps.map(|(step, progress)| (step.name.as_str(), status(&step.name, progress.state))).collect()
    }
}

/// Whether a step that counts as done does so because somebody said it.
fn is_skipped(log: &[SagaEntry], step: &str) -> bool {
    let mut kinds =
        log.iter().map(|entry| &entry.entry).filter(|entry| entry.step.as_deref() == Some(step)).rev();
    let ends = |kind| matches!(kind, SagaEntryKind::Done | SagaEntryKind::Skipped);
    kinds.find(|entry| ends(entry.kind)).is_some_and(|entry| entry.kind == SagaEntryKind::Skipped)
}

impl From<StepState> for StepStatus {
    fn from(state: StepState) -> Self {
        match state {
            StepState::Pending => Self::Pending,
            StepState::Begun => Self::Running,
            StepState::Waiting => Self::Waiting,
            StepState::Done => Self::Done,
            StepState::Failed => Self::Failed,
            StepState::Unknown => Self::Unknown,
            StepState::Undoing => Self::Undoing,
            StepState::Stuck => Self::Stuck,
            StepState::Undone => Self::Undone,
        }
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
