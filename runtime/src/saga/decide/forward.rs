//! Doing the steps.

use super::outcome::given_up;
use super::{Begin, Next, Situation, WayBackIs, of_saga, of_step};
use crate::payload::Payload;
use crate::saga::failure::SagaFailure;
use crate::saga::progress::{Phase, StepState};
use crate::store::{NewSagaEntry, SagaEntryKind, SagaMessageKind};

/// How soon it is looked again whether the feed was read up to the end of a wait: an eighth of the time
/// for which the timeout is held back, between these.
const FEED: time::Duration = time::Duration::milliseconds(100);
const LONGEST_FEED: time::Duration = time::Duration::seconds(10);

/// How soon others are offered an instance first that has an event for a step which is not known here.
const FIRST_OFFER: time::Duration = time::Duration::seconds(1);

impl Situation<'_> {
    pub(super) fn forward(&self) -> Next {
        let failed = self.failed();
        match (self.way_back(), &failed) {
            (WayBackIs::Open, Some((failure, why))) => return Next::Record(vec![compensating(failure, why)]),
            (WayBackIs::Closed, Some((_, why))) if self.is_still() => {
                return Next::Record(vec![parked(why)]);
            }
            (WayBackIs::Closed, Some(_)) => return Next::Rest(None),
            (WayBackIs::Open, None) if self.deadline.is_some_and(|deadline| deadline <= self.now) => {
                let why = "the deadline has passed";
                return Next::Record(vec![compensating(&SagaFailure::of_saga(why), why)]);
            }
            _ => {}
        }
        for step in 0..self.table.steps.len() {
            if let Some(next) = self.step(step) {
                return next;
            }
        }
        if self.progress.steps.iter().all(|step| step.state == StepState::Done) {
            return Next::Record(vec![of_saga(SagaEntryKind::Completed, None, None)]);
        }
        Next::Rest(self.next_due())
    }

    /// The latest end of a wait that is due, and may not be recorded before the feed was read up to it.
    pub(crate) fn time_over(&self) -> Option<time::OffsetDateTime> {
        if self.progress.phase != Phase::Forward || self.progress.parked.is_some() {
            return None;
        }
        let waits =
            self.progress.steps.iter().enumerate().filter(|(_, step)| step.state == StepState::Waiting);
        let ends = waits.filter_map(|(at, _)| self.ends_at(at));
        ends.filter(|end| *end <= self.now && *end > self.fed_until).max()
    }

    /// Whether the time of a wait is over, and every event that was in the feed before was left for its instance.
    fn is_over(&self, end: time::OffsetDateTime) -> bool {
        end <= self.now && end <= self.fed_until
    }

    /// What one step asks for.
    fn step(&self, step: usize) -> Option<Next> {
        let progress = self.progress.steps.get(step)?;
        match (progress.state, self.waits(step)) {
            (StepState::Pending, None) if self.is_ready(step) => Some(Next::Begin(Begin::Step(step))),
            (StepState::Pending, Some(_)) if self.is_ready(step) => {
                // It begins to wait even if its event is there: the log shows both.
                let mut entries = vec![of_step(SagaEntryKind::Waiting, self.table, step)];
                if !self.faults.early_event_is_lost {
                    entries.extend(self.arrived(step));
                }
                Some(Next::Record(entries))
            }
            (StepState::Begun, None) if !self.is_busy(step) && self.is_due(progress.due) => {
                let retry = &self.table.steps.get(step)?.info.retry;
                Some(match given_up(retry, progress.attempts, progress.began_at, progress, self.now) {
                    Some(why) => Next::Record(vec![NewSagaEntry {
                        text: Some(why),
                        attempt: progress.attempts,
                        ..of_step(SagaEntryKind::Unknown, self.table, step)
                    }]),
                    None => Next::Begin(Begin::Step(step)),
                })
            }
            (StepState::Waiting, Some(fails)) => {
                // An event that is there wins over a timeout that is due.
                if let Some(entry) = self.arrived(step).filter(|_| !self.is_lost(step)) {
                    return Some(Next::Record(vec![entry]));
                }
                if self.faults.timer_is_lost || self.ends_at(step).is_none_or(|end| !self.is_over(end)) {
                    return None;
                }
                if !fails {
                    return Some(Next::TimedOut(step));
                }
                let text = Some("the event did not come in time".to_owned());
                Some(Next::Record(vec![NewSagaEntry {
                    text,
                    ..of_step(SagaEntryKind::TimedOut, self.table, step)
                }]))
            }
            _ => None,
        }
    }

    /// The entry that says that the event of a wait has come, if it has.
    fn arrived(&self, step: usize) -> Option<NewSagaEntry> {
        let output = self.event_for(step)?.output.clone();
        Some(NewSagaEntry { output, ..of_step(SagaEntryKind::Done, self.table, step) })
    }

    /// The seeded fault: an event that came before its wait began is overlooked.
    fn is_lost(&self, step: usize) -> bool {
        self.faults.early_event_is_lost
            && self.event_for(step).is_some_and(|event| {
                self.progress
                    .steps
                    .get(step)
                    .and_then(|step| step.began_at)
                    .is_some_and(|began| event.at <= began)
            })
    }

    /// What has failed for good, or is not known.
    fn failed(&self) -> Option<(SagaFailure, String)> {
        let failed = |state| matches!(state, StepState::Failed | StepState::Unknown);
        let at = self.progress.steps.iter().position(|step| failed(step.state))?;
        let step = self.table.steps.get(at)?;
        let what = match self.progress.steps.get(at)?.state {
            StepState::Unknown => format!("it is not known whether `{}` was done", step.name),
            _ => format!("`{}` has failed", step.name),
        };
        Some(match self.progress.reasons.get(&step.name) {
            Some(reason) => (SagaFailure::of_step(&step.name, reason), format!("{what}: {reason}")),
            None => (SagaFailure::of_step(&step.name, &what), what),
        })
    }

    /// Whether no function of the user's runs.
    pub(super) fn is_still(&self) -> bool {
        !self.busy.iter().any(|busy| *busy) && !self.last_word_busy
    }

    fn next_due(&self) -> Option<time::OffsetDateTime> {
        let steps = self.progress.steps.iter().enumerate().filter_map(|(at, step)| match step.state {
            StepState::Begun if !self.is_busy(at) => step.due,
            StepState::Waiting if self.faults.timer_is_lost => None,
            StepState::Waiting => self.ends_at(at).map(|end| match end <= self.now {
                true => self.now + ((self.now - end) / 8_i32).clamp(FEED, LONGEST_FEED),
                false => end,
            }),
            _ => None,
        });
        let deadline = self.deadline.filter(|_| self.way_back() == WayBackIs::Open);
        steps.chain(deadline).chain(self.left_for_others()).min()
    }

    /// An event was left for a step that is not known here, by a newer release that runs beside this one: the instance is offered to others. This release may be the one that takes it again, so
    /// that it is offered often at first; each time an eighth as long from now as the event has been there, so that a release that never comes back costs little.
    fn left_for_others(&self) -> Option<time::OffsetDateTime> {
        let strange = self.messages.iter().filter(|message| {
            message.kind == SagaMessageKind::Event
                && message.step.as_deref().is_some_and(|step| {
                    let step = self.name_today(step);
                    self.table.find(step).is_none() && !self.progress.forgotten.contains(step)
                })
        });
        let newest = strange.map(|message| message.at).max()?;
        let there: time::Duration = self.now - newest;
        self.now.checked_add((there / 8_i32).max(FIRST_OFFER))
    }
}

/// From here on it is compensated.
pub(crate) fn compensating(failure: &SagaFailure, why: &str) -> NewSagaEntry {
    let output = Payload::of("failure", failure).ok();
    of_saga(SagaEntryKind::Compensating, output, Some(why.to_owned()))
}

fn parked(why: &str) -> NewSagaEntry {
    let reason = format!("there is no way back after the pivot: {why}");
    of_saga(SagaEntryKind::Parked, None, Some(reason))
}

/// Whether an instance goes forward.
pub(super) fn is_forward(phase: &Phase) -> bool {
    *phase == Phase::Forward
}
