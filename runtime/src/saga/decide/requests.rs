//! What operators have asked for.

use super::forward::{compensating, is_forward};
use super::{Situation, WayBackIs, note, of_saga, of_step};
use crate::saga::failure::SagaFailure;
use crate::saga::progress::{Note, StepState};
use crate::store::{NewSagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind};

impl Situation<'_> {
    /// The entries that deal with the oldest request that can be dealt with now.
    pub(super) fn requests(&self) -> Option<Vec<NewSagaEntry>> {
        let open = self.messages.iter().filter(|message| !self.progress.dealt_with.contains(&message.number));
        open.filter_map(|message| match message.kind {
            SagaMessageKind::Event => None,
            SagaMessageKind::Cancel => self.cancel(message),
            SagaMessageKind::Retry => Some(self.resume(message)),
            SagaMessageKind::Skip => Some(self.skip(message)),
        })
        .next()
    }

    /// `None`: whether it can be cancelled shows when the outcome of the pivot is known.
    fn cancel(&self, message: &SagaMessage) -> Option<Vec<NewSagaEntry>> {
        let number = note(&Note::message(message.number));
        if !is_forward(&self.progress.phase) {
            if self.faults.cancel_stops_compensation {
                let parked = of_saga(SagaEntryKind::Parked, None, message.text.clone());
                return Some(vec![of_saga(SagaEntryKind::Cancelled, number, message.text.clone()), parked]);
            }
            return Some(vec![refused(message, "it is being compensated already")]);
        }
        match self.way_back() {
            WayBackIs::Open => {
                let reason = message.text.clone().unwrap_or_default();
                let failure = SagaFailure::of_saga(format!("it was cancelled: {reason}"));
                let mut entries = vec![of_saga(SagaEntryKind::Cancelled, number, Some(reason))];
                if self.progress.parked.is_some() {
                    entries.push(of_saga(SagaEntryKind::Resumed, None, None));
                }
                entries.push(compensating(&failure));
                Some(entries)
            }
            WayBackIs::Undecided if self.progress.parked.is_none() => None,
            WayBackIs::Undecided | WayBackIs::Closed => {
                Some(vec![refused(message, "there is no way back after the pivot")])
            }
        }
    }

    fn resume(&self, message: &SagaMessage) -> Vec<NewSagaEntry> {
        if self.progress.parked.is_none() {
            return vec![refused(message, "it is not parked")];
        }
        vec![of_saga(SagaEntryKind::Resumed, note(&Note::message(message.number)), message.text.clone())]
    }

    fn skip(&self, message: &SagaMessage) -> Vec<NewSagaEntry> {
        let name = message.step.as_deref().unwrap_or_default();
        let Some(step) = self.table.find(name) else {
            return vec![refused(message, "there is no such step")];
        };
        let parked = self.progress.parked.is_some();
        let there = self.progress.steps.get(step).is_some_and(|step| match step.state {
            StepState::Waiting => true,
            StepState::Failed
            | StepState::Unknown
            | StepState::Stuck
            | StepState::Undoing
            | StepState::Begun => parked,
            StepState::Pending | StepState::Done | StepState::Undone => false,
        });
        if !there {
            return vec![refused(message, "the instance did not stop at this step")];
        }
        let number = note(&Note::message(message.number));
        let skipped = of_step(SagaEntryKind::Skipped, self.table, step);
        let mut entries = vec![NewSagaEntry { output: number, text: message.text.clone(), ..skipped }];
        if parked {
            entries.push(of_saga(SagaEntryKind::Resumed, None, None));
        }
        entries
    }
}

fn refused(message: &SagaMessage, why: &str) -> NewSagaEntry {
    let text = format!("`{}` was refused: {why}", message.kind.as_str());
    of_saga(SagaEntryKind::Refused, note(&Note::message(message.number)), Some(text))
}
