//! What operators have asked for. Every request has an answer in the log.

use super::forward::{compensating, is_forward};
use super::{Situation, WayBackIs, note, of_saga, of_step};
use crate::payload::Payload;
use crate::saga::failure::SagaFailure;
use crate::saga::progress::{Note, Phase, StepState};
use crate::store::{NewSagaEntry, SagaEntryKind, SagaMessage, SagaRequest};

impl Situation<'_> {
    /// The entries that answer the oldest request that can be answered now.
    pub(super) fn requests(&self) -> Option<Vec<NewSagaEntry>> {
        let open = self.messages.iter().filter(|message| !self.progress.dealt_with.contains(&message.number));
        open.filter_map(|message| self.answer(message)).next()
    }

    /// `None`: it is no request, or its answer has to wait for the end of an attempt.
    fn answer(&self, message: &SagaMessage) -> Option<Vec<NewSagaEntry>> {
        if !message.is_request() {
            return None;
        }
        let Some(request) = message.request() else {
            return Some(vec![refused(message, "this release does not know such a request")]);
        };
        match request {
            SagaRequest::Cancel { .. } => self.cancel(message),
            SagaRequest::Retry => Some(self.retry(message)),
            SagaRequest::Skip { step, .. } => Some(self.skip(message, &step, None)),
            SagaRequest::SkipWith { step, output, .. } => Some(self.skip(message, &step, Some(output))),
            SagaRequest::Park { reason } => Some(self.park(message, &reason)),
            SagaRequest::GiveUpFailureCommand { .. } => Some(self.give_up(message)),
            SagaRequest::Terminate { reason } => Some(self.terminate(message, &reason)),
        }
    }

    /// `None`: whether it can be cancelled shows when the attempt at the pivot has ended.
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
                let why = format!("it was cancelled: {reason}");
                let mut entries = vec![of_saga(SagaEntryKind::Cancelled, number, Some(reason))];
                entries.push(compensating(&SagaFailure::of_saga(&why), &why));
                // Last: it is not resumed forward, where a step that has failed would count as begun.
                if self.progress.parked.is_some() {
                    entries.push(of_saga(SagaEntryKind::Resumed, None, None));
                }
                Some(entries)
            }
            WayBackIs::Undecided if self.is_pivot_busy() => None,
            WayBackIs::Undecided => {
                let why = "it is not known whether the pivot was done: skip it, or terminate the instance";
                Some(vec![refused(message, why)])
            }
            WayBackIs::Closed => Some(vec![refused(message, "there is no way back after the pivot")]),
        }
    }

    /// Whether an attempt at a pivot runs.
    fn is_pivot_busy(&self) -> bool {
        self.table.steps.iter().enumerate().any(|(at, step)| step.info.pivot && self.is_busy(at))
    }

    /// A parked one goes on; of one that is not parked, what pauses is tried at once.
    fn retry(&self, message: &SagaMessage) -> Vec<NewSagaEntry> {
        let last_word = &self.progress.last_word;
        let pauses = self.progress.steps.iter().enumerate().any(|(at, step)| {
            let tried = matches!(step.state, StepState::Begun | StepState::Undoing);
            tried && !self.is_busy(at) && !self.is_due(step.due)
        });
        let pauses = pauses || !self.last_word_busy && !self.is_due(last_word.due);
        if self.progress.parked.is_none() && !pauses {
            return vec![refused(message, "it is not parked")];
        }
        vec![of_saga(SagaEntryKind::Resumed, note(&Note::message(message.number)), message.text.clone())]
    }

    fn park(&self, message: &SagaMessage, reason: &str) -> Vec<NewSagaEntry> {
        if self.progress.parked.is_some() {
            return vec![refused(message, "it is parked already")];
        }
        let text = format!("it was parked by an operator: {reason}");
        vec![of_saga(SagaEntryKind::Parked, note(&Note::message(message.number)), Some(text))]
    }

    fn skip(&self, message: &SagaMessage, name: &str, output: Option<Payload>) -> Vec<NewSagaEntry> {
        let Some(step) = self.table.find(name) else {
            return vec![refused(message, "there is no such step")];
        };
        let Some((about, own)) = self.table.steps.get(step).zip(self.progress.steps.get(step)) else {
            return vec![refused(message, "there is no such step")];
        };
        if self.is_busy(step) && !self.faults.skip_ignores_attempts {
            return vec![refused(message, "an attempt at this step runs: park the instance first")];
        }
        let undo = match own.state {
            // What comes before it may be undone already.
            StepState::Failed if !is_forward(&self.progress.phase) => {
                return vec![refused(message, "the step has failed, and is not to be undone")];
            }
            StepState::Waiting | StepState::Begun | StepState::Failed | StepState::Unknown => false,
            StepState::Stuck | StepState::Undoing => true,
            StepState::Pending | StepState::Done | StepState::Undone => {
                return vec![refused(message, "the instance did not stop at this step")];
            }
        };
        let mut entries = Vec::new();
        if !undo {
            let output = match output {
                Some(output) => match (about.reads)(output.as_bytes()) {
                    Ok(()) => Some(output),
                    Err(error) => {
                        let why = format!("the output cannot be read as that of `{name}`: {error}");
                        return vec![refused(message, &why)];
                    }
                },
                None if (about.reads)(b"null").is_ok() => Some(Payload::from_stored("null")),
                None if about.followers.is_empty() => None,
                None => {
                    let why = "later steps may take what it returns: skip it with an output";
                    return vec![refused(message, why)];
                }
            };
            // The output of what is done; the entry after it says who has seen to that.
            if output.is_some() {
                let done = of_step(SagaEntryKind::Done, self.table, step);
                entries.push(NewSagaEntry { output, text: message.text.clone(), ..done });
            }
        }
        let number = note(&Note::message(message.number));
        let skipped = of_step(SagaEntryKind::Skipped, self.table, step);
        entries.push(NewSagaEntry { output: number, text: message.text.clone(), ..skipped });
        if self.progress.parked.is_some() {
            entries.push(of_saga(SagaEntryKind::Resumed, None, None));
        }
        entries
    }

    /// The command of the failed saga counts as sent.
    fn give_up(&self, message: &SagaMessage) -> Vec<NewSagaEntry> {
        let last_word = &self.progress.last_word;
        if self.progress.phase != Phase::Back || !self.has_last_word || last_word.state == StepState::Done {
            return vec![refused(message, "no command of the failed saga is due")];
        }
        if self.last_word_busy {
            return vec![refused(message, "the command is being sent: park the instance first")];
        }
        let number = note(&Note::message(message.number));
        let mut entries = vec![of_saga(SagaEntryKind::Skipped, number, message.text.clone())];
        if self.progress.parked.is_some() {
            entries.push(of_saga(SagaEntryKind::Resumed, None, None));
        }
        entries
    }

    /// It ends where it is: what would have to be undone is skipped, and nothing is sent.
    fn terminate(&self, message: &SagaMessage, reason: &str) -> Vec<NewSagaEntry> {
        let number = note(&Note::message(message.number));
        let why = format!("it was terminated by an operator: {reason}");
        let mut entries = vec![of_saga(SagaEntryKind::Cancelled, number, Some(reason.to_owned()))];
        if self.progress.parked.is_some() {
            entries.push(of_saga(SagaEntryKind::Resumed, None, None));
        }
        entries.push(compensating(&SagaFailure::of_saga(&why), &why));
        let mut left = Vec::new();
        for (at, (about, own)) in self.table.steps.iter().zip(&self.progress.steps).enumerate() {
            let known = match own.state {
                StepState::Begun => {
                    entries.push(of_step(SagaEntryKind::Unknown, self.table, at));
                    true
                }
                StepState::Done | StepState::Unknown | StepState::Undoing | StepState::Stuck => true,
                StepState::Pending | StepState::Waiting | StepState::Failed | StepState::Undone => false,
            };
            if known && about.undoable {
                entries.push(of_step(SagaEntryKind::UndoFailed, self.table, at));
                let skipped = of_step(SagaEntryKind::Skipped, self.table, at);
                entries.push(NewSagaEntry { text: Some(why.clone()), ..skipped });
                left.push(format!("`{}`", about.name));
            }
        }
        let left = if left.is_empty() { "nothing".to_owned() } else { left.join(", ") };
        let text = format!("{why}; done or begun, and not undone: {left}");
        entries.push(of_saga(SagaEntryKind::Compensated, None, Some(text)));
        entries
    }
}

fn refused(message: &SagaMessage, why: &str) -> NewSagaEntry {
    let text = message.refusal(why);
    of_saga(SagaEntryKind::Refused, note(&Note::message(message.number)), Some(text))
}
