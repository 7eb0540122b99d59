//! An instance in memory.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::super::leases::later;
use super::mailbox::Mailbox;
use crate::payload::Payload;
use crate::store::{
    ClaimedSaga, EventOrigin, NewSaga, NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaRecord,
    SagaRequest, SagaStatus, SagaThen, SagaWhole, SagaWrite, SagaWritten,
};

/// An instance with its log and its messages.
pub(super) struct Instance {
    record: SagaRecord,
    log: Vec<SagaEntry>,
    mailbox: Mailbox,
}

/// By what an instance is found.
#[derive(PartialEq, Eq)]
pub(super) struct Place {
    pub(super) saga: Arc<str>,
    pub(super) definition: u64,
    pub(super) status: SagaStatus,
    pub(super) owner: Option<Uuid>,
    pub(super) due_at: Option<OffsetDateTime>,
    /// When it ended.
    pub(super) ended_at: Option<OffsetDateTime>,
}

/// A log has all attempts at a step up to this one. Of more it keeps the first one and the last ten.
const ATTEMPTS: u32 = 20;
const LAST_ATTEMPTS: u32 = 10;

impl Instance {
    /// One that begins now.
    pub(super) fn new(new: &NewSaga, mailbox: Mailbox, now: OffsetDateTime) -> Self {
        let record = SagaRecord {
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
            due_at: Some(now),
            messages: mailbox.count(),
            messages_seen: 0,
            started_at: now,
            updated_at: now,
        };
        Self { record, log: Vec::new(), mailbox }
    }

    pub(super) fn record(&self) -> &SagaRecord {
        &self.record
    }

    pub(super) fn place(&self) -> Place {
        let record = &self.record;
        Place {
            saga: Arc::clone(&record.saga),
            definition: record.definition,
            status: record.status,
            owner: record.owner,
            due_at: record.due_at,
            // Nothing is written to it after its end.
            ended_at: record.status.is_end().then_some(record.updated_at),
        }
    }

    pub(super) fn whole(&self) -> SagaWhole {
        let messages = self.mailbox.messages().to_vec();
        SagaWhole { record: self.record.clone(), log: self.log.clone(), messages }
    }

    /// Gives it to a worker.
    pub(super) fn claim(&mut self, worker: Uuid) -> ClaimedSaga {
        (self.record.owner, self.record.due_at) = (Some(worker), None);
        self.record.epoch += 1;
        let SagaWhole { record, log, messages } = self.whole();
        ClaimedSaga { record, log, messages, unread: false }
    }

    /// Takes it from whoever has it, for others.
    pub(super) fn free(&mut self, now: OffsetDateTime) {
        self.record.owner = None;
        self.record.epoch += 1;
        self.wake(now);
    }

    /// Whether an event comes for a step that is done. What came before a migration may not count any
    /// more; what another definition has read may be for another step.
    pub(super) fn is_late(&self, step: &str, origin: Option<EventOrigin>) -> bool {
        if origin.is_some_and(|origin| origin.definition != self.record.definition) {
            return false;
        }
        let last = self.log.iter().rev().map(|entry| &entry.entry).find(|entry| match entry.kind {
            SagaEntryKind::Migrated => true,
            SagaEntryKind::Done | SagaEntryKind::Skipped => entry.step.as_deref() == Some(step),
            _ => false,
        });
        last.is_some_and(|last| last.kind != SagaEntryKind::Migrated)
    }

    /// Leaves a message, which makes it due.
    pub(super) fn leave(&mut self, message: SagaMessage, now: OffsetDateTime) {
        if self.mailbox.take(message) {
            self.record.messages = self.mailbox.count();
            self.wake(now);
        }
    }

    /// Answers a request, if it has ended.
    pub(super) fn refuse_after_the_end(&mut self, message: u64, request: &SagaRequest, now: OffsetDateTime) {
        if self.record.status.is_end() {
            self.refuse(message, request.refusal_after_the_end(), now);
        }
    }

    /// Answers the requests that came after its owner had looked, and before it has ended.
    fn refuse_what_the_end_has_overtaken(&mut self, seen: u64, now: OffsetDateTime) {
        let late = self.mailbox.messages().iter().filter(|one| one.number > seen && one.is_request());
        let answers: Vec<_> = late.map(|one| (one.number, one.refusal("the instance has ended"))).collect();
        for (number, text) in answers {
            self.refuse(number, text, now);
        }
    }

    fn refuse(&mut self, message: u64, text: String, now: OffsetDateTime) {
        let entry = NewSagaEntry {
            kind: SagaEntryKind::Refused,
            step: None,
            attempt: 0,
            output: Some(Payload::from_stored(format!(r#"{{"message":{message}}}"#))),
            text: Some(text),
        };
        self.record.sequence += 1;
        self.log.push(SagaEntry { sequence: self.record.sequence, at: now, entry });
    }

    /// Whether there are messages that no owner has taken note of.
    pub(super) fn has_news(&self) -> bool {
        self.record.messages > self.record.messages_seen
    }

    /// Does what its owner wants, if that is still its owner and knows its log.
    pub(super) fn write(&mut self, write: &SagaWrite, now: OffsetDateTime) -> SagaWritten {
        let record = &mut self.record;
        if record.owner.is_none() || record.epoch != write.epoch || record.sequence != write.sequence {
            return SagaWritten::Lost;
        }
        for entry in &write.entries {
            record.sequence += 1;
            self.log.push(SagaEntry { sequence: record.sequence, at: now, entry: entry.clone() });
            forget_attempts(&mut self.log, entry);
        }
        record.status = write.status;
        record.step.clone_from(&write.step);
        record.reason.clone_from(&write.reason);
        record.messages_seen = write.messages_seen;
        record.updated_at = now;
        if let Some(migration) = &write.migration {
            (record.version, record.definition) = (migration.version, migration.definition);
            record.state.clone_from(&migration.state);
        }
        let news = self.has_news();
        let record = &mut self.record;
        match write.then {
            _ if record.status.is_end() => record.owner = None,
            SagaThen::Release(after) if !news => {
                (record.owner, record.due_at) = (None, Some(later(now, after)));
            }
            SagaThen::Rest if !news => record.owner = None,
            SagaThen::Keep | SagaThen::Release(_) | SagaThen::Rest => {}
        }
        if record.status.is_end() && news {
            self.refuse_what_the_end_has_overtaken(u64::from(write.messages_seen), now);
        }
        let record = &self.record;
        SagaWritten::Done { messages: record.messages, released: record.owner.is_none(), now }
    }

    /// Makes it due at once, if anybody is to have it.
    fn wake(&mut self, now: OffsetDateTime) {
        let record = &mut self.record;
        if record.owner.is_none() && !record.status.is_end() {
            record.due_at = Some(record.due_at.map_or(now, |due_at| due_at.min(now)));
        }
    }
}

/// Forgets old attempts at a step that has failed once more.
fn forget_attempts(log: &mut Vec<SagaEntry>, last: &NewSagaEntry) {
    let intent = match last.kind {
        SagaEntryKind::Retry => SagaEntryKind::Intent,
        SagaEntryKind::UndoRetry => SagaEntryKind::UndoIntent,
        SagaEntryKind::FailureRetry => SagaEntryKind::FailureIntent,
        _ => return,
    };
    if last.attempt > ATTEMPTS {
        log.retain(|SagaEntry { entry, .. }| {
            entry.step != last.step
                || (entry.kind != last.kind && entry.kind != intent)
                || entry.attempt <= 1
                || entry.attempt > last.attempt - LAST_ATTEMPTS
        });
    }
}
