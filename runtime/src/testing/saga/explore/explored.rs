//! What an exploration has seen.

use crate::store::{SagaStatus, SagaWhole};

/// What an exploration has seen that has found nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    runs: usize,
    completed: usize,
    compensated: usize,
    parked: usize,
    is_exhausted: bool,
}

impl Explored {
    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// How many instances were completed, over all runs. A test that wants to be sure that it has seen every end asks for all three.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.completed
    }

    /// How many instances were compensated.
    #[must_use]
    pub fn compensated(&self) -> usize {
        self.compensated
    }

    /// How many instances were parked.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked
    }

    /// Whether every single thing that can go wrong, and every two of them, was tried; else the bound was reached before.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    pub(super) fn add(&mut self, instances: &[SagaWhole]) {
        self.runs += 1;
        for whole in instances {
            match whole.record.status {
                SagaStatus::Completed => self.completed += 1,
                SagaStatus::Compensated => self.compensated += 1,
                SagaStatus::Parked => self.parked += 1,
                SagaStatus::Running | SagaStatus::Waiting | SagaStatus::Compensating => {}
            }
        }
    }

    pub(super) fn exhaust(&mut self) {
        self.is_exhausted = true;
    }
}
