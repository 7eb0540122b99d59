//! Undoing the steps, in the reverse order of their dependencies.

use super::outcome::given_up;
use super::{Begin, Next, Situation, of_saga, of_step};
use crate::saga::progress::StepState;
use crate::store::{NewSagaEntry, SagaEntryKind};

impl Situation<'_> {
    pub(super) fn back(&self) -> Next {
        // Functions that were begun before come to their end first: then it is known what is to be undone.
        if self.is_doing() {
            return Next::Rest(None);
        }
        if let Some(entries) = self.unknown() {
            return Next::Record(entries);
        }
        if let Some(step) = (0..self.table.steps.len()).find(|step| self.is_to_be_undone(*step)) {
            if let Some(text) = self.undo_given_up(step) {
                let entry = of_step(SagaEntryKind::UndoFailed, self.table, step);
                return Next::Record(vec![NewSagaEntry { text: Some(text), ..entry }]);
            }
            return Next::Begin(Begin::Undo(step));
        }
        let busy = !self.is_still();
        let waits = self.progress.steps.iter().any(|step| step.state == StepState::Undoing);
        let stuck = self.stuck();
        if busy || waits {
            return Next::Rest(self.undo_due());
        }
        if let Some(entry) = stuck {
            return Next::Record(vec![entry]);
        }
        self.last_word()
    }

    /// Whether a function of a step runs that is not an undo.
    fn is_doing(&self) -> bool {
        let undoing =
            |step: usize| self.progress.steps.get(step).is_some_and(|it| it.state == StepState::Undoing);
        (0..self.table.steps.len()).any(|step| self.is_busy(step) && !undoing(step))
    }

    /// The steps that were begun and have no outcome.
    fn unknown(&self) -> Option<Vec<NewSagaEntry>> {
        let begun = self.progress.steps.iter().enumerate().filter(|(_, step)| step.state == StepState::Begun);
        let entries: Vec<_> = begun.map(|(at, _)| of_step(SagaEntryKind::Unknown, self.table, at)).collect();
        (!entries.is_empty()).then_some(entries)
    }

    fn is_to_be_undone(&self, step: usize) -> bool {
        let (Some(about), Some(progress)) = (self.table.steps.get(step), self.progress.steps.get(step))
        else {
            return false;
        };
        let due = match progress.state {
            StepState::Unknown if self.faults.unknown_is_not_undone => false,
            StepState::Done | StepState::Unknown => about.undoable,
            StepState::Undoing => self.is_due(progress.due),
            _ => false,
        };
        due && !self.is_busy(step) && self.may_go(step)
    }

    /// Whether everything is undone that has to be before a step.
    fn may_go(&self, step: usize) -> bool {
        let left = |place: usize| {
            let (Some(about), Some(progress)) = (self.table.steps.get(place), self.progress.steps.get(place))
            else {
                return false;
            };
            let known = matches!(progress.state, StepState::Done | StepState::Undoing | StepState::Stuck);
            let unknown = progress.state == StepState::Unknown && !self.faults.unknown_is_not_undone;
            about.undoable && (known || unknown)
        };
        if self.faults.undo_in_forward_order {
            return !(0..self.table.steps.len()).any(|at| {
                left(at) && self.table.steps.get(at).is_some_and(|before| before.followers.contains(&step))
            });
        }
        self.table
            .steps
            .get(step)
            .is_some_and(|about| !about.followers.iter().any(|follower| left(*follower)))
    }

    /// Why the undo of a step is not tried again, if it is not.
    fn undo_given_up(&self, step: usize) -> Option<String> {
        let (about, own) = (self.table.steps.get(step)?, self.progress.steps.get(step)?);
        if own.state != StepState::Undoing {
            return None;
        }
        given_up(&about.info.undo_retry, own.undo_attempts, own.undo_began_at, own, self.now)
    }

    /// The entry that parks the instance, when an undo was given up.
    fn stuck(&self) -> Option<NewSagaEntry> {
        let at = self.progress.steps.iter().position(|step| step.state == StepState::Stuck)?;
        let step = self.table.steps.get(at)?;
        let left = self.table.steps.iter().zip(&self.progress.steps).filter(|(about, progress)| {
            about.undoable
                && matches!(
                    progress.state,
                    StepState::Done | StepState::Unknown | StepState::Undoing | StepState::Stuck
                )
        });
        let left: Vec<_> = left.map(|(about, _)| format!("`{}`", about.name)).collect();
        let why = self.progress.reasons.get(&step.name).map_or(String::new(), |reason| format!(": {reason}"));
        let reason = format!("`{}` cannot be undone{why}; left to undo: {}", step.name, left.join(", "));
        Some(of_saga(SagaEntryKind::Parked, None, Some(reason)))
    }

    fn undo_due(&self) -> Option<time::OffsetDateTime> {
        let steps = self.progress.steps.iter().enumerate();
        let undoing = steps.filter(|(at, step)| step.state == StepState::Undoing && !self.is_busy(*at));
        undoing.filter_map(|(_, step)| step.due).min()
    }

    /// The command of the failed saga, then the end.
    fn last_word(&self) -> Next {
        let last_word = &self.progress.last_word;
        if !self.has_last_word || last_word.state == StepState::Done {
            return Next::Record(vec![of_saga(SagaEntryKind::Compensated, None, None)]);
        }
        if self.last_word_busy {
            return Next::Rest(None);
        }
        let retry = &crate::saga::options::Retry::FOREVER;
        if let Some(why) = given_up(retry, last_word.attempts, last_word.began_at, last_word, self.now) {
            let reason = format!("everything is undone, but the command that says so was not sent: {why}");
            return Next::Record(vec![of_saga(SagaEntryKind::Parked, None, Some(reason))]);
        }
        if self.is_due(last_word.due) { Next::Begin(Begin::LastWord) } else { Next::Rest(last_word.due) }
    }
}
