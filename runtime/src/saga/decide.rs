//! What an instance does next: a pure function of its table, its log, its messages and the time.

mod back;
mod forward;
mod outcome;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use self::forward::compensating;
pub(crate) use self::outcome::{Attempted, cut, outcome, text};

use super::progress::{Note, Phase, Progress, StepState};
use super::table::{Does, Table};
use crate::payload::Payload;
use crate::store::{NewSagaEntry, SagaEntryKind, SagaMessage, SagaStatus};

/// What is known of an instance.
#[derive(Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) table: &'a Table,
    pub(crate) progress: &'a Progress,
    pub(crate) messages: &'a [SagaMessage],
    /// The steps whose functions run at the moment.
    pub(crate) busy: &'a [bool],
    /// Whether the command of the failed saga is being sent at the moment.
    pub(crate) last_word_busy: bool,
    /// Whether there is such a command.
    pub(crate) has_last_word: bool,
    /// When the pivot has to be done.
    pub(crate) deadline: Option<OffsetDateTime>,
    pub(crate) now: OffsetDateTime,
    /// The event that has started the instance: it ends no wait.
    pub(crate) started_by: Option<Uuid>,
    /// Every event that was in the feed before this was left for its instance. A timeout that was due later is not
    /// recorded.
    pub(crate) fed_until: OffsetDateTime,
    pub(crate) faults: super::faults::Faults,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Something is to be recorded; then ask again.
    Record(Vec<NewSagaEntry>),
    /// Something is to be begun, its intent recorded first.
    Begin(Begin),
    /// The time of a wait is over, and it goes on with an output of its own.
    TimedOut(usize),
    /// Nothing before this time, or before something happens.
    Rest(Option<OffsetDateTime>),
}

/// What is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Begin {
    Step(usize),
    Undo(usize),
    LastWord,
}

/// Whether there is a way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WayBackIs {
    Open,
    /// The pivot was begun, and it is not known whether it was done.
    Undecided,
    Closed,
}

/// What comes next.
pub(crate) fn next(now: &Situation<'_>) -> Next {
    if now.progress.phase == Phase::Ended {
        return Next::Rest(None);
    }
    if let Some(entries) = now.requests() {
        return Next::Record(entries);
    }
    if now.progress.parked.is_some() {
        return Next::Rest(None);
    }
    match now.progress.phase {
        Phase::Forward => now.forward(),
        Phase::Back => now.back(),
        Phase::Ended => Next::Rest(None),
    }
}

/// How an instance is, for lists.
pub(crate) fn status(table: &Table, progress: &Progress) -> SagaStatus {
    if progress.parked.is_some() {
        return SagaStatus::Parked;
    }
    match (&progress.phase, &progress.failure) {
        (Phase::Ended, None) => SagaStatus::Completed,
        (Phase::Ended, Some(_)) => SagaStatus::Compensated,
        (Phase::Back, _) => SagaStatus::Compensating,
        (Phase::Forward, _) => {
            let all = || progress.steps.iter().zip(&table.steps);
            let waits = all().any(|(step, _)| step.state == StepState::Waiting);
            let acts = all().any(|(step, _)| step.state == StepState::Begun);
            if waits && !acts { SagaStatus::Waiting } else { SagaStatus::Running }
        }
    }
}

/// Where an instance stands: the step that it is at, for lists.
pub(crate) fn standing(table: &Table, progress: &Progress) -> Option<Arc<str>> {
    if progress.phase == Phase::Ended {
        return None;
    }
    let first = |states: &[StepState]| {
        let at = progress.steps.iter().position(|step| states.contains(&step.state))?;
        table.steps.get(at)
    };
    let step = match progress.phase {
        Phase::Back => first(&[StepState::Stuck]).or_else(|| first(&[StepState::Undoing])),
        _ => first(&[StepState::Failed, StepState::Unknown])
            .or_else(|| first(&[StepState::Begun]))
            .or_else(|| first(&[StepState::Waiting]))
            .or_else(|| first(&[StepState::Pending])),
    };
    step.map(|step| Arc::clone(&step.name))
}

impl Situation<'_> {
    /// Whether there is a way back.
    fn way_back(&self) -> WayBackIs {
        let mut is = WayBackIs::Open;
        for (step, progress) in self.table.steps.iter().zip(&self.progress.steps) {
            if !step.info.pivot {
                continue;
            }
            match progress.state {
                StepState::Done => return WayBackIs::Closed,
                StepState::Unknown if !step.undoable => return WayBackIs::Closed,
                StepState::Begun if !step.undoable => is = WayBackIs::Undecided,
                _ => {}
            }
        }
        is
    }

    /// Whether the steps that a step comes after are done.
    fn is_ready(&self, step: usize) -> bool {
        let after = self.table.steps.get(step).map_or(&[][..], |step| step.info.after);
        after
            .iter()
            .all(|before| self.progress.steps.get(*before).is_some_and(|step| step.state == StepState::Done))
    }

    fn is_busy(&self, step: usize) -> bool {
        self.busy.get(step).copied().unwrap_or(false)
    }

    fn is_due(&self, due: Option<OffsetDateTime>) -> bool {
        due.is_none_or(|due| due <= self.now)
    }

    /// The first event that was left for a step.
    fn event_for(&self, step: usize) -> Option<&SagaMessage> {
        let taken = self.taken();
        self.events_for(&self.table.steps.get(step)?.name).find(|event| !is_taken(&taken, event))
    }

    /// The events that were left for a step, but for that which has started the instance.
    fn events_for<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n SagaMessage> {
        self.messages.iter().filter(move |message| {
            message.kind == crate::store::SagaMessageKind::Event
                && (self.started_by.is_none() || message.event_id != self.started_by)
                && message.step.as_deref().is_some_and(|left_for| self.name_today(left_for) == name)
        })
    }

    /// The events that have ended waits: each ends one, the first of those that it was left for.
    fn taken(&self) -> Vec<Uuid> {
        let mut taken = Vec::new();
        if self.table.steps.iter().filter(|step| matches!(step.does, Does::Wait { .. })).nth(1).is_none() {
            return taken;
        }
        for name in &self.progress.ended {
            let waits = self.table.find(name).is_some_and(|step| self.waits(step).is_some());
            let event = waits.then(|| self.events_for(name).find(|event| !is_taken(&taken, event))).flatten();
            taken.extend(event.and_then(|event| event.event_id));
        }
        taken
    }

    /// What a step is called today that was called so when a message was left.
    fn name_today<'n>(&'n self, mut name: &'n str) -> &'n str {
        // Each renaming is followed once: two that undo each other would never end.
        for _ in 0..self.progress.renamed.len() {
            match self.progress.renamed.get(name) {
                Some(renamed) => name = renamed,
                None => break,
            }
        }
        name
    }

    /// When the time of a wait is over.
    fn ends_at(&self, step: usize) -> Option<OffsetDateTime> {
        let timeout = self.table.steps.get(step)?.info.timeout?;
        let began = self.progress.steps.get(step)?.began_at?;
        began.checked_add(time::Duration::try_from(timeout).ok()?)
    }

    fn waits(&self, step: usize) -> Option<bool> {
        match self.table.steps.get(step)?.does {
            Does::Wait { fails } => Some(fails),
            Does::Act => None,
        }
    }
}

fn is_taken(taken: &[Uuid], event: &SagaMessage) -> bool {
    event.event_id.is_some_and(|event| taken.contains(&event))
}

/// An entry of a step.
pub(crate) fn of_step(kind: SagaEntryKind, table: &Table, step: usize) -> NewSagaEntry {
    let step = table.steps.get(step).map(|step| Arc::clone(&step.name));
    NewSagaEntry { kind, step, attempt: 0, output: None, text: None }
}

/// An entry of the whole instance.
pub(crate) fn of_saga(kind: SagaEntryKind, output: Option<Payload>, text: Option<String>) -> NewSagaEntry {
    NewSagaEntry { kind, step: None, attempt: 0, output, text }
}

/// The entry that says that something is begun.
pub(crate) fn intent(table: &Table, progress: &Progress, begin: Begin) -> NewSagaEntry {
    let (kind, step, attempts) = match begin {
        Begin::Step(step) => (SagaEntryKind::Intent, step, progress.steps.get(step).map(|it| it.attempts)),
        Begin::Undo(step) => {
            (SagaEntryKind::UndoIntent, step, progress.steps.get(step).map(|it| it.undo_attempts))
        }
        Begin::LastWord => {
            let attempt = progress.last_word.attempts.saturating_add(1);
            return NewSagaEntry { attempt, ..of_saga(SagaEntryKind::FailureIntent, None, None) };
        }
    };
    NewSagaEntry { attempt: attempts.unwrap_or_default().saturating_add(1), ..of_step(kind, table, step) }
}

/// The pause before an attempt, after so many: by chance between half of the doubled first one and that.
fn pause((first, longest): (Duration, Duration), attempts: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(doubled).min(longest).mul_f64(0.5 + fastrand::f64() / 2.0)
}

fn note(note: &Note) -> Option<Payload> {
    note.payload()
}
