//! What an instance does next, decided before it has an owner: by the transaction that starts it,
//! or that leaves an event for it.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::adopt::{Adoptee, read};
use super::shared::{RegisteredSaga, Shared};
use crate::saga::decide::{Begin, Next, Situation, intent, next, standing, status};
use crate::saga::progress::{Phase, Progress};
use crate::store::{
    ClaimedSaga, NewSaga, NewSagaEntry, SagaEntry, SagaMessage, SagaMessageKind, SagaRecord, SagaStatus,
    SagaThen, SagaWrite,
};

/// An instance that is due sooner than this is left to a claim.
const SOON: Duration = Duration::from_millis(50);

/// More entries are not written ahead.
const MOST: usize = 64;

/// What is written, and what is begun when that is committed.
pub(super) struct Advance {
    pub(super) saga: Arc<RegisteredSaga>,
    pub(super) write: SagaWrite,
    pub(super) begun: Vec<Begin>,
}

/// What a new instance does first.
pub(super) fn first<S>(
    shared: &Shared<S>,
    new: &NewSaga,
    now: OffsetDateTime,
) -> Option<(Advance, SagaRecord)> {
    let record = record_of(new, now);
    let advance = advance(shared, &record, &[], &[], now)?;
    // A saga without steps ends with its first claim.
    (!advance.write.status.is_end()).then_some((advance, record))
}

/// A new instance, before its first write.
pub(in crate::saga) fn record_of(new: &NewSaga, now: OffsetDateTime) -> SagaRecord {
    SagaRecord {
        instance: new.instance,
        saga: Arc::clone(&new.saga),
        id: Arc::clone(&new.id),
        version: new.version,
        definition: new.definition,
        state: new.state.clone(),
        status: SagaStatus::Running,
        step: None,
        reason: None,
        correlation_id: new.correlation_id,
        causation_id: new.causation_id,
        epoch: 0,
        sequence: 0,
        owner: None,
        due_at: None,
        messages: 0,
        messages_seen: 0,
        started_at: now,
        updated_at: now,
    }
}

/// What an instance does next. `None`: its owner decides that, since it is no plain step forward.
pub(super) fn advance<S>(
    shared: &Shared<S>,
    record: &SagaRecord,
    log: &[SagaEntry],
    messages: &[SagaMessage],
    now: OffsetDateTime,
) -> Option<Advance> {
    let saga = shared.of_definition(&record.saga, record.definition)?.clone();
    let about = saga.saga.about();
    let is_plain = |message: &SagaMessage| {
        let step = message.step.as_deref().and_then(|step| about.table.find(step));
        let own = message.origin.is_none_or(|origin| origin.definition == about.fingerprint);
        message.kind == SagaMessageKind::Event && step.is_some() && own
    };
    if !messages.iter().all(is_plain) {
        return None;
    }
    let claimed =
        ClaimedSaga { record: record.clone(), log: Vec::new(), messages: Vec::new(), unread: false };
    let Adoptee { mut progress, .. } = read(&saga, &claimed, Progress::read(&about.table, log)).ok()?;
    let is_quiet = |progress: &Progress| {
        progress.phase != Phase::Back
            && progress.parked.is_none()
            && progress.failure.is_none()
            && progress.strangers.is_empty()
    };
    if !is_quiet(&progress) || progress.steps.iter().any(|step| step.open) {
        return None;
    }
    let deadline = about.deadline.and_then(|deadline| time::Duration::try_from(deadline).ok());
    let deadline = deadline.and_then(|deadline| record.started_at.checked_add(deadline));
    let mut busy = vec![false; about.table.steps.len()];
    let (mut entries, mut begun): (Vec<NewSagaEntry>, Vec<Begin>) = (Vec::new(), Vec::new());
    let due = loop {
        let situation = Situation {
            table: &about.table,
            progress: &progress,
            messages,
            busy: &busy,
            last_word_busy: false,
            has_last_word: about.has_last_word,
            deadline,
            now,
            started_by: record.causation_id,
            fed_until: OffsetDateTime::UNIX_EPOCH,
            faults: shared.faults,
        };
        if situation.time_over().is_some() || entries.len() > MOST {
            return None;
        }
        match next(&situation) {
            Next::Record(new) => {
                for entry in new {
                    progress.apply(&about.table, &entry, now);
                    entries.push(entry);
                }
            }
            Next::Begin(Begin::Step(step)) => {
                let entry = intent(&about.table, &progress, Begin::Step(step));
                progress.apply(&about.table, &entry, now);
                entries.push(entry);
                begun.push(Begin::Step(step));
                *busy.get_mut(step)? = true;
            }
            Next::Begin(Begin::Undo(_) | Begin::LastWord) | Next::TimedOut(_) => return None,
            Next::Rest(due) => break due,
        }
    };
    if !is_quiet(&progress) {
        return None;
    }
    let left = due.map(|due| Duration::try_from(due - now).unwrap_or_default());
    let then = match left {
        _ if !begun.is_empty() => SagaThen::Keep,
        _ if progress.phase == Phase::Ended => SagaThen::Rest,
        Some(left) if left > SOON => SagaThen::Release(left),
        Some(_) => return None,
        None => SagaThen::Rest,
    };
    let write = SagaWrite {
        instance: record.instance,
        epoch: record.epoch,
        sequence: record.sequence,
        entries,
        status: status(&about.table, &progress),
        step: standing(&about.table, &progress),
        reason: None,
        messages_seen: u32::try_from(messages.len()).unwrap_or(u32::MAX),
        migration: None,
        then,
    };
    Some(Advance { saga, write, begun })
}

impl Advance {
    /// Tells metrics and logs what was written.
    pub(super) fn tell(saga: &RegisteredSaga, name: &str, id: &str, entries: &[NewSagaEntry]) {
        for entry in entries {
            let step = entry.step.as_deref().and_then(|step| saga.saga.about().table.find(step));
            saga.metrics.wrote(entry.kind, step);
            super::run::tell(name, id, entry);
        }
    }
}
