//! What has become of an instance, for the invariants of a test.

use super::check::terminated;
use crate::event::Event;
use crate::saga::SagaDefinition;
use crate::store::{SagaEntryKind, SagaStatus, SagaWhole};
use crate::testing::saga::attempt::Attempt;
use crate::testing::saga::world::Played;

/// What has become of an instance in a run.
pub struct Outcome<'a, F: SagaDefinition> {
    pub(super) whole: &'a SagaWhole,
    pub(super) played: &'a Played<F>,
}

impl<F: SagaDefinition> Outcome<'_, F> {
    /// The id of the instance, as text.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.whole.record.id
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> SagaStatus {
        self.whole.record.status
    }

    /// Whether everything is done.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status() == SagaStatus::Completed
    }

    /// Whether everything is undone.
    #[must_use]
    pub fn is_compensated(&self) -> bool {
        self.status() == SagaStatus::Compensated
    }

    /// Whether it is parked.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.status() == SagaStatus::Parked
    }

    /// The instance with its whole log.
    #[must_use]
    pub fn instance(&self) -> &SagaWhole {
        self.whole
    }

    /// Every attempt at a step, an undo or a command of it, in their order, by all processes.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.played.state.attempts.iter().filter(|attempt| *attempt.id() == *self.whole.record.id)
    }

    /// How often the effect of a step was done: more than once, when an answer was lost or a process died before it was recorded.
    #[must_use]
    pub fn times_done(&self, step: &str) -> usize {
        self.attempts()
            .filter(|attempt| attempt.was_done() && !attempt.undoes() && attempt.step() == step)
            .count()
    }

    /// How often the undo of a step was done.
    #[must_use]
    pub fn times_undone(&self, step: &str) -> usize {
        self.attempts()
            .filter(|attempt| attempt.was_done() && attempt.undoes() && attempt.step() == step)
            .count()
    }

    /// How often an event of this type was recorded for it by the outside, before or after its end.
    #[must_use]
    pub fn times_recorded<E: Event>(&self) -> usize {
        let own = self.played.state.recorded.iter().filter(|recorded| {
            self.played.routes.get(recorded.event).is_some_and(|routes| {
                let both = routes.new.iter().chain(&routes.old).flatten();
                routes.name == E::NAME && both.into_iter().any(|to| *to.id == *self.whole.record.id)
            })
        });
        own.count()
    }

    /// Whether an operator has cancelled it.
    #[must_use]
    pub fn was_cancelled(&self) -> bool {
        self.has(SagaEntryKind::Cancelled) && !self.was_terminated()
    }

    /// Whether an operator has terminated it: then nothing was undone.
    #[must_use]
    pub fn was_terminated(&self) -> bool {
        terminated(self.whole).is_some()
    }

    /// Whether an operator has skipped the step, or its undo.
    #[must_use]
    pub fn was_skipped(&self, step: &str) -> bool {
        self.whole.log.iter().any(|entry| {
            entry.entry.kind == SagaEntryKind::Skipped && entry.entry.step.as_deref() == Some(step)
        })
    }

    /// Whether it has changed to another definition.
    #[must_use]
    pub fn was_upgraded(&self) -> bool {
        self.has(SagaEntryKind::Migrated)
    }

    fn has(&self, kind: SagaEntryKind) -> bool {
        self.whole.log.iter().any(|entry| entry.entry.kind == kind)
    }

    /// The services of the run.
    #[must_use]
    pub fn services(&self) -> &F::Services {
        &self.played.services
    }
}
