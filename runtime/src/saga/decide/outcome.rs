//! What an attempt that has ended means.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Begin, note, of_saga, of_step, pause};
use crate::payload::Payload;
use crate::saga::error::StepError;
use crate::saga::fault::{EngineFault, FaultKind};
use crate::saga::options::Retry;
use crate::saga::progress::{LONGEST_PAUSE, Note, Phase, Progress, StepProgress};
use crate::saga::table::Table;
use crate::store::{NewSagaEntry, SagaEntryKind};

/// What has ended its process so often in a row is not tried again, however often it may be tried.
const MOST_CRASHES: u32 = 10;

/// The most of an error's text that is kept.
const MOST_TEXT: usize = 8 << 10;

/// The pauses while no release here can do what is due: they grow up to the second.
const RELEASE: (Duration, Duration) = (Duration::from_millis(400), Duration::from_secs(5 * 60));

/// How an attempt has ended; of an undo or a command the output is nothing.
pub(crate) type Attempted = Result<Option<Payload>, StepError>;

/// The entry that records it.
pub(crate) fn outcome(
    table: &Table,
    progress: &Progress,
    begin: Begin,
    attempted: Attempted,
    now: OffsetDateTime,
) -> NewSagaEntry {
    match begin {
        Begin::Step(step) => of_forward(table, progress, step, attempted, now),
        Begin::Undo(step) => of_undo(table, progress, step, attempted, now),
        Begin::LastWord => of_last_word(progress, attempted),
    }
}

/// The entry that records that an attempt was cut short by a shutdown or a lost lease: it is made again, and does not count.
pub(crate) fn cut(table: &Table, progress: &Progress, begin: Begin, text: &str) -> NewSagaEntry {
    let (kind, step) = match begin {
        Begin::Step(_) if progress.phase != Phase::Forward => return unknown_of(table, begin, text),
        Begin::Step(step) => (SagaEntryKind::Retry, step),
        Begin::Undo(step) => (SagaEntryKind::UndoRetry, step),
        Begin::LastWord => {
            return of_saga(SagaEntryKind::FailureRetry, note(&Note::cut()), Some(text.to_owned()));
        }
    };
    NewSagaEntry { output: note(&Note::cut()), text: Some(text.to_owned()), ..of_step(kind, table, step) }
}

fn unknown_of(table: &Table, begin: Begin, text: &str) -> NewSagaEntry {
    let Begin::Step(step) = begin else { return of_saga(SagaEntryKind::Unknown, None, None) };
    NewSagaEntry { text: Some(text.to_owned()), ..of_step(SagaEntryKind::Unknown, table, step) }
}

/// The pause after a fault of the engine, the `faults`-th in a row; `None`: trying again does not help.
fn after_fault(fault: &EngineFault, retry: &Retry, faults: u32) -> Option<Note> {
    let pauses = match fault.kind {
        FaultKind::Release => RELEASE,
        FaultKind::Busy => (retry.first, retry.longest),
        FaultKind::Unreadable | FaultKind::Unknown => return None,
    };
    let faults = faults.saturating_add(1);
    Some(Note::fault(pause(pauses, faults), faults))
}

fn of_forward(
    table: &Table,
    progress: &Progress,
    step: usize,
    attempted: Attempted,
    now: OffsetDateTime,
) -> NewSagaEntry {
    let entry = |kind| of_step(kind, table, step);
    let error = match attempted {
        Ok(output) => return NewSagaEntry { output, ..entry(SagaEntryKind::Done) },
        Err(error) => error,
    };
    let text = Some(text(&error));
    let (Some(about), Some(own)) = (table.steps.get(step), progress.steps.get(step)) else {
        return NewSagaEntry { text, ..entry(SagaEntryKind::Unknown) };
    };
    match error {
        StepError::Fail { .. } => NewSagaEntry { text, ..entry(SagaEntryKind::Failed) },
        // It is not wanted any more: its undo finds out.
        StepError::Retry { .. } | StepError::Engine(_) if progress.phase != Phase::Forward => {
            NewSagaEntry { text, ..entry(SagaEntryKind::Unknown) }
        }
        StepError::Engine(fault) if fault.kind == FaultKind::Unreadable => {
            let reason = format!("`{}` cannot be done by this release: {fault}", about.name);
            of_saga(SagaEntryKind::Parked, None, Some(reason))
        }
        StepError::Engine(fault) => match after_fault(&fault, &about.info.retry, own.faults) {
            Some(pause) => NewSagaEntry {
                text,
                attempt: own.attempts,
                output: note(&pause),
                ..entry(SagaEntryKind::Retry)
            },
            None => NewSagaEntry { text, attempt: own.attempts, ..entry(SagaEntryKind::Unknown) },
        },
        StepError::Retry { after, .. } => {
            match again(&about.info.retry, own.attempts, own.began_at, after, now) {
                Some(pause) => NewSagaEntry {
                    text,
                    attempt: own.attempts,
                    output: note(&Note::pause(pause)),
                    ..entry(SagaEntryKind::Retry)
                },
                None => NewSagaEntry { text, attempt: own.attempts, ..entry(SagaEntryKind::Unknown) },
            }
        }
    }
}

fn of_undo(
    table: &Table,
    progress: &Progress,
    step: usize,
    attempted: Attempted,
    now: OffsetDateTime,
) -> NewSagaEntry {
    let entry = |kind| of_step(kind, table, step);
    let error = match attempted {
        Ok(_) => return entry(SagaEntryKind::Undone),
        Err(error) => error,
    };
    let text = Some(text(&error));
    let pause = match (&error, table.steps.get(step), progress.steps.get(step)) {
        (StepError::Retry { after, .. }, Some(about), Some(own)) => {
            again(&about.info.undo_retry, own.undo_attempts, own.undo_began_at, *after, now).map(Note::pause)
        }
        (StepError::Engine(fault), Some(about), Some(own)) => {
            after_fault(fault, &about.info.undo_retry, own.faults)
        }
        _ => None,
    };
    match pause {
        Some(pause) => NewSagaEntry { text, output: note(&pause), ..entry(SagaEntryKind::UndoRetry) },
        None => NewSagaEntry { text, ..entry(SagaEntryKind::UndoFailed) },
    }
}

fn of_last_word(progress: &Progress, attempted: Attempted) -> NewSagaEntry {
    match attempted {
        Ok(_) => of_saga(SagaEntryKind::FailureSent, None, None),
        Err(error) => {
            let pause = match &error {
                StepError::Fail { .. } => None,
                StepError::Engine(fault) => after_fault(fault, &Retry::FOREVER, progress.last_word.faults),
                StepError::Retry { after, .. } => {
                    let Retry { first, longest, .. } = Retry::FOREVER;
                    let pause = || pause((first, longest), progress.last_word.attempts);
                    Some(Note::pause(after.unwrap_or_else(pause)))
                }
            };
            if let Some(pause) = pause {
                return of_saga(SagaEntryKind::FailureRetry, note(&pause), Some(text(&error)));
            }
            let reason = format!(
                "everything is undone, but the command that says so was not accepted: {}",
                text(&error)
            );
            of_saga(SagaEntryKind::Parked, None, Some(reason))
        }
    }
}

/// How long to wait before the next attempt; `None`: there is none.
fn again(
    retry: &Retry,
    attempts: u32,
    began: Option<OffsetDateTime>,
    after: Option<Duration>,
    now: OffsetDateTime,
) -> Option<Duration> {
    if retry.attempts.is_some_and(|most| attempts >= most) {
        return None;
    }
    let pause = pause((retry.first, retry.longest), attempts).max(after.unwrap_or_default());
    let pause = pause.min(LONGEST_PAUSE);
    // A moment that is too far to be written down is later than any end.
    let next = time::Duration::try_from(pause).ok().and_then(|pause| now.checked_add(pause));
    let over = end_of(retry, began).is_some_and(|end| next.is_none_or(|next| next > end));
    (!over).then_some(pause)
}

/// No attempt is begun later.
pub(super) fn end_of(retry: &Retry, began: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    began?.checked_add(time::Duration::try_from(retry.within?).ok()?)
}

/// Why no further attempt is made of what was begun and has no outcome, if none is.
pub(super) fn given_up(
    retry: &Retry,
    attempts: u32,
    began: Option<OffsetDateTime>,
    own: &StepProgress,
    now: OffsetDateTime,
) -> Option<String> {
    if own.open && retry.attempts.is_some_and(|most| attempts >= most) {
        return Some(format!("the process ended in the middle of attempt {attempts}, which was the last"));
    }
    if own.open && own.crashes + 1 >= MOST_CRASHES {
        return Some(format!("the process ended in the middle of the last {MOST_CRASHES} attempts"));
    }
    let late = end_of(retry, began).is_some_and(|end| now > end);
    (late && attempts > 0).then(|| "no attempt was made in time".to_owned())
}

/// An error with what it comes from, of bounded length.
pub(crate) fn text(error: &StepError) -> String {
    let mut text = crate::app::with_sources(error.error());
    let end = (0..=MOST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    // PostgreSQL has no text with a NUL in it.
    text.replace('\0', "\u{fffd}")
}
