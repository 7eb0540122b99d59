//! Writes to saga instances, with their faults.

use std::time::Duration;

use kenning::Payload;
use kenning::store::{
    NewSagaEntry, SagaEntryKind, SagaQuery, SagaRecord, SagaStatus, SagaStore, SagaThen, SagaWrite,
    SagaWritten, StoreError,
};
use uuid::Uuid;

use super::Wrong;
use crate::bites::fault::Fault;

/// The first instances of a store.
pub(super) fn first(limit: u32) -> SagaQuery {
    let mut query = SagaQuery::default();
    query.limit = limit;
    query
}

impl Wrong {
    async fn record_of(&self, instance: Uuid) -> Option<SagaRecord> {
        self.store.sagas(&first(10_000)).await.ok()?.into_iter().find(|record| record.instance == instance)
    }

    /// A write as the wrong store understands it.
    async fn understood_write(&self, mut write: SagaWrite) -> SagaWrite {
        match self.fault {
            Fault::ForgetsTheStep => write.step = None,
            Fault::WritesUnderAnyEpoch => {
                if let Some(record) = self.record_of(write.instance).await {
                    (write.epoch, write.sequence) = (record.epoch, record.sequence);
                }
            }
            Fault::CountsEmptyWrites if write.entries.is_empty() => {
                write.entries.push(NewSagaEntry {
                    kind: SagaEntryKind::Resumed,
                    step: None,
                    attempt: 0,
                    output: None,
                    text: None,
                });
            }
            Fault::ReleasesUnseenMessages => {
                if let Some(record) = self.record_of(write.instance).await {
                    write.messages_seen = record.messages;
                }
            }
            Fault::ForgetsMigrations => write.migration = None,
            Fault::IsDueAtOnce if matches!(write.then, SagaThen::Release(_)) => {
                write.then = SagaThen::Release(Duration::ZERO);
            }
            Fault::IsAlwaysDue if write.then == SagaThen::Rest => {
                write.then = SagaThen::Release(Duration::ZERO);
            }
            Fault::KeepsWhatHasEnded | Fault::RevivesWhatHasEnded if write.status.is_end() => {
                write.status = SagaStatus::Running;
            }
            Fault::ForgetsTexts => write.entries.iter_mut().for_each(|entry| entry.text = None),
            Fault::CutsOutputs => {
                for entry in &mut write.entries {
                    if entry.output.as_ref().is_some_and(|output| output.len() > 1_000) {
                        entry.output = Some(Payload::from_stored("null"));
                    }
                }
            }
            _ => {}
        }
        write
    }

    pub(super) async fn write_all(&self, writes: &[SagaWrite]) -> Result<Vec<SagaWritten>, StoreError> {
        let mut understood = Vec::new();
        for write in writes {
            understood.push(self.understood_write(write.clone()).await);
        }
        match self.fault {
            Fault::WritesAtMost100 => understood.truncate(100),
            Fault::LosesWritesOfLateWorkers if self.next() == 0 => {
                return Ok(vec![SagaWritten::Lost; writes.len()]);
            }
            _ => {}
        }
        let mut answers = self.store.write_sagas(&understood).await?;
        if self.is(Fault::WritesAtMost100)
            && let Some(last) = answers.last().copied()
        {
            answers.resize(writes.len(), last);
        }
        let lost = answers.contains(&SagaWritten::Lost);
        if lost && self.is(Fault::FailsTheNeighboursOfALostWrite) {
            answers.fill(SagaWritten::Lost);
        }
        if lost && self.is(Fault::WritesWhatIsFree) {
            let now = time::OffsetDateTime::now_utc();
            answers.fill(SagaWritten::Done { messages: 0, released: true, now });
        }
        Ok(answers)
    }
}
