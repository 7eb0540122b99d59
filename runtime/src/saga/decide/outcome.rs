//! What an attempt that has ended means.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Begin, note, of_saga, of_step, pause};
use crate::payload::Payload;
use crate::saga::error::StepError;
use crate::saga::options::Retry;
use crate::saga::progress::{Note, Phase, Progress};
use crate::saga::table::Table;
use crate::store::{NewSagaEntry, SagaEntryKind};

/// The most of an error's text that is kept.
const MOST_TEXT: usize = 8 << 10;

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
        // Nobody wants it done any more: its undo finds out.
        StepError::Retry { .. } if progress.phase != Phase::Forward => {
            NewSagaEntry { text, ..entry(SagaEntryKind::Unknown) }
        }
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
            again(&about.info.undo_retry, own.undo_attempts, own.undo_began_at, *after, now)
        }
        _ => None,
    };
    match pause {
        Some(pause) => {
            NewSagaEntry { text, output: note(&Note::pause(pause)), ..entry(SagaEntryKind::UndoRetry) }
        }
        None => NewSagaEntry { text, ..entry(SagaEntryKind::UndoFailed) },
    }
}

fn of_last_word(progress: &Progress, attempted: Attempted) -> NewSagaEntry {
    match attempted {
        Ok(_) => of_saga(SagaEntryKind::FailureSent, None, None),
        Err(error) => match &error {
            StepError::Fail { .. } => {
                let reason = format!(
                    "everything is undone, but the command that says so was not accepted: {}",
                    text(&error)
                );
                of_saga(SagaEntryKind::Parked, None, Some(reason))
            }
            StepError::Retry { after, .. } => {
                let Retry { first, longest, .. } = Retry::FOREVER;
                let pause = after.unwrap_or_else(|| pause((first, longest), progress.last_word.attempts));
                of_saga(SagaEntryKind::FailureRetry, note(&Note::pause(pause)), Some(text(&error)))
            }
        },
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
    let over = retry.within.is_some_and(|within| {
        let end = time::Duration::try_from(within).ok().and_then(|within| began?.checked_add(within));
        let next = time::Duration::try_from(pause).ok().and_then(|pause| now.checked_add(pause));
        end.zip(next).is_some_and(|(end, next)| next > end)
    });
    (!over).then_some(pause)
}

/// An error with what it comes from, of bounded length.
fn text(error: &StepError) -> String {
    let mut text = crate::app::with_sources(error.error());
    let end = (0..=MOST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    // PostgreSQL has no text with a NUL in it.
    text.replace('\0', "\u{fffd}")
}
