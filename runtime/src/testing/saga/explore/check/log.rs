//! What a log may say.

use super::lineage::{Lineage, moves};
use super::operator::terminated;
use super::reader::{At, Reader};
use crate::saga::{Note, SagaDefinition};
use crate::store::{NewSagaEntry, SagaEntryKind, SagaWhole};
use crate::testing::saga::definition::Release;
use crate::testing::saga::stage::Stage;

/// What is wrong with the log of an instance. It is read here by rules of its own, which know nothing of how the engine reads it.
pub(super) fn broken<F: SagaDefinition>(
    stage: &Stage<F>,
    lineage: &Lineage,
    whole: &SagaWhole,
) -> Vec<String> {
    let mut release = lineage.first;
    let definition = stage.of(release);
    let mut reader = Reader::new(&definition.table, definition.has_last_word);
    let terminated = terminated(whole).unwrap_or(usize::MAX);
    for (place, entry) in whole.log.iter().map(|entry| &entry.entry).enumerate() {
        // The store itself answers a request that comes after the end.
        if reader.ended && entry.kind != SagaEntryKind::Refused {
            reader.say(format!("P5: `{}` is recorded after the end", entry.kind.as_str()));
        }
        if place >= terminated {
            reader.ended |= entry.kind == SagaEntryKind::Compensated;
            continue;
        }
        if entry.kind == SagaEntryKind::Migrated {
            release = match release {
                Release::Old => Release::New,
                Release::New => stage.first(),
            };
            let definition = stage.of(release);
            reader.migrate(&definition.table, definition.has_last_word, &moves(entry));
            continue;
        }
        let table = &stage.of(release).table;
        match entry.step.as_deref().and_then(|name| table.find(name)) {
            // The output that an operator skips the step with.
            Some(_) if is_skipped_with(whole, place) => {}
            Some(step) => of_step(&mut reader, step, entry.kind),
            None => of_saga(&mut reader, entry),
        }
    }
    reader.broken
}

/// Whether an entry is the output of a step that the next entry skips.
fn is_skipped_with(whole: &SagaWhole, place: usize) -> bool {
    let at = |place: usize| whole.log.get(place).map(|entry| &entry.entry);
    let (Some(done), Some(next)) = (at(place), at(place + 1)) else { return false };
    done.kind == SagaEntryKind::Done && next.kind == SagaEntryKind::Skipped && done.step == next.step
}

fn of_step(reader: &mut Reader<'_>, step: usize, kind: SagaEntryKind) {
    let name = reader.name(step);
    let at = reader.at(step);
    match (kind, at) {
        (SagaEntryKind::Intent, _) => return begin(reader, step, at),
        (SagaEntryKind::Waiting, At::Nothing) => return reader.set(step, At::Waiting),
        (SagaEntryKind::UndoIntent, _) => return undo(reader, step, at),
        (SagaEntryKind::Done | SagaEntryKind::Failed, At::Begun | At::Waiting) => {}
        (SagaEntryKind::Unknown, At::Begun | At::Retrying) => {}
        (SagaEntryKind::Retry, At::Begun) | (SagaEntryKind::TimedOut, At::Waiting) => {}
        (SagaEntryKind::Undone | SagaEntryKind::UndoRetry | SagaEntryKind::UndoFailed, At::Undoing) => {}
        (SagaEntryKind::Skipped, At::Begun | At::Retrying | At::Waiting | At::Failed | At::Unknown) => {}
        (SagaEntryKind::Skipped, At::Undoing | At::Stuck) => {}
        (
            SagaEntryKind::Done | SagaEntryKind::Failed | SagaEntryKind::Unknown | SagaEntryKind::TimedOut,
            At::Done | At::Failed | At::Unknown,
        ) => reader.say(format!("P6: the outcome of `{name}` is recorded twice")),
        (SagaEntryKind::Undone, At::Undone) => {
            reader.say(format!("P6: the outcome of the undo of `{name}` is recorded twice"));
        }
        (kind, at) => reader.say(format!("P6: `{name}` is {}, and it is {at}", kind.as_str())),
    }
    reader.set(
        step,
        match kind {
            SagaEntryKind::Done => At::Done,
            SagaEntryKind::Failed | SagaEntryKind::TimedOut => At::Failed,
            SagaEntryKind::Unknown => At::Unknown,
            SagaEntryKind::Retry => At::Retrying,
            SagaEntryKind::Undone => At::Undone,
            SagaEntryKind::UndoRetry => At::Undoing,
            SagaEntryKind::UndoFailed => At::Stuck,
            SagaEntryKind::Skipped if matches!(at, At::Undoing | At::Stuck) => At::Undone,
            SagaEntryKind::Skipped => At::Done,
            _ => at,
        },
    );
}

fn begin(reader: &mut Reader<'_>, step: usize, at: At) {
    let name = reader.name(step);
    if reader.compensating {
        reader.say(format!("P6: `{name}` is begun although the saga is compensated"));
    }
    match at {
        At::Nothing | At::Begun | At::Retrying => {}
        At::Undoing | At::Undone | At::Stuck => {
            reader.say(format!("P6: `{name}` is begun after its undo"));
        }
        at => reader.say(format!("P6: `{name}` is begun, and it is {at} already")),
    }
    for before in reader.before(step) {
        if reader.at(before) != At::Done {
            let before = reader.name(before);
            reader.say(format!("P5: `{name}` is begun before `{before}` is done, which it comes after"));
        }
    }
    reader.set(step, At::Begun);
}

fn undo(reader: &mut Reader<'_>, step: usize, at: At) {
    let name = reader.name(step);
    if !reader.compensating {
        reader.say(format!("P5: `{name}` is undone although the saga is not compensated"));
    }
    match at {
        At::Done | At::Unknown | At::Undoing => {}
        at => reader.say(format!("P5: the undo of `{name}` is begun, and it is {at}")),
    }
    for follower in reader.followers(step) {
        if reader.is_left(follower) {
            let follower = reader.name(follower);
            reader.say(format!("P5: `{name}` is undone before `{follower}`, which came after it"));
        }
    }
    reader.set(step, At::Undoing);
}

fn of_saga(reader: &mut Reader<'_>, entry: &NewSagaEntry) {
    let kind = entry.kind;
    match kind {
        SagaEntryKind::Compensating => {
            if reader.compensating {
                reader.say("P5: compensation begins a second time".to_owned());
            }
            if reader.is_past_pivot() {
                reader.say("P5: it is compensated although the pivot is done".to_owned());
            }
            reader.compensating = true;
        }
        SagaEntryKind::Cancelled if reader.compensating => {
            reader.say("P5: cancelling stops the compensation, which it may only begin".to_owned());
        }
        SagaEntryKind::Parked if Note::of(entry).message.is_some() => {
            let again = std::mem::replace(&mut reader.parked_by_operator, true);
            again.then(|| reader.say("P5: it is parked a second time".to_owned()));
        }
        // The command of the failed saga counts as sent.
        SagaEntryKind::Skipped => reader.told = Some(true),
        SagaEntryKind::Parked if !reader.may_park(entry.text.as_deref().unwrap_or_default()) => {
            reader.say("P5: it is parked, and nothing has failed that it cannot get over".to_owned());
        }
        SagaEntryKind::Resumed => reader.resume(),
        SagaEntryKind::FailureIntent | SagaEntryKind::FailureSent => {
            reader.nothing_left("the command of the failed saga is sent");
            reader.told = match (kind, reader.told) {
                (SagaEntryKind::FailureIntent, Some(true)) => {
                    reader.say("P6: the command of the failed saga is sent again".to_owned());
                    Some(true)
                }
                (SagaEntryKind::FailureIntent, _) => Some(false),
                _ => Some(true),
            };
        }
        SagaEntryKind::Completed => {
            reader.all_done();
            reader.ended = true;
        }
        SagaEntryKind::Compensated => {
            reader.nothing_left("it is compensated");
            if reader.has_last_word && reader.told != Some(true) {
                reader.say("P5: it is compensated, and the command that says so was not sent".to_owned());
            }
            reader.ended = true;
        }
        _ => {}
    }
}
