//! Recording what a run has decided.

use std::time::Duration;

use tokio::time::Instant;

use super::committer::Unwritten;
use super::run::{Ended, Run};
use crate::app::with_sources;
use crate::saga::decide::{standing, status};
use crate::saga::progress::{Phase, StepState};
use crate::saga::table::Table;
use crate::store::{
    NewSagaEntry, SagaEntryKind, SagaStore, SagaThen, SagaWhole, SagaWrite, SagaWritten, StoreError,
};
use crate::telemetry;

const TASK: &str = "saga writes";

/// The first and the longest pause after a write that has failed.
const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

impl<S: SagaStore> Run<S> {
    /// Records what is to be recorded; `Some`: the run ends.
    pub(super) async fn write(&mut self, then: SagaThen) -> Result<Option<Ended>, String> {
        let table: &Table = &self.saga.saga.about().table;
        let entries = std::mem::take(&mut self.entries);
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let why = || self.progress.why.clone().or_else(|| self.fault());
        let ended = self.progress.phase == Phase::Ended;
        let again = (self.worker.shared.faults.outcome_is_recorded_twice && !self.repeated)
            .then(|| twice(&entries))
            .flatten();
        let how = status(table, &self.progress);
        let write = SagaWrite {
            instance: self.record.instance,
            epoch: self.record.epoch,
            sequence: self.record.sequence,
            entries,
            status: how,
            step: standing(table, &self.progress),
            reason: self.progress.parked.clone().or_else(why),
            messages_seen: self.record.messages,
            migration: None,
            then: if ended { SagaThen::Rest } else { then },
        };
        match self.write_surely(write).await? {
            SagaWritten::Done { released: true, .. } => {
                // The claimer may sleep until its next poll, since it has not known of this time.
                if matches!(then, SagaThen::Release(left) if left < self.worker.shared.options.poll) {
                    self.worker.shared.doorbell.due();
                }
                Ok(Some(Ended::Released(how.is_end().then_some(how))))
            }
            SagaWritten::Done { messages, now, .. } => {
                self.record.sequence = self.record.sequence.saturating_add(count);
                self.time = (now.max(self.now()), Instant::now());
                if let Some(again) = again {
                    self.repeated = true;
                    self.entries.push(again);
                }
                if messages > self.record.messages {
                    self.read_messages().await?;
                }
                Ok(None)
            }
            SagaWritten::Lost if self.worker.shared.faults.lease_is_not_checked => Ok(None),
            SagaWritten::Lost => Ok(Some(Ended::Lost)),
        }
    }

    /// What no release here could do so far, in a sentence.
    fn fault(&self) -> Option<String> {
        let table = &self.saga.saga.about().table;
        let mut steps = self.progress.steps.iter().zip(&table.steps);
        let (_, about) = steps.find(|(own, _)| own.faults > 0 && own.state == StepState::Begun)?;
        let why = self.progress.reasons.get(&about.name).map_or("", String::as_str);
        Some(format!("`{}` could not be tried yet: {why}", about.name))
    }

    /// Writes, and tries again while the store fails: what is under way goes on meanwhile.
    async fn write_surely(&mut self, write: SagaWrite) -> Result<SagaWritten, String> {
        let mut failures = 0_u32;
        loop {
            let error = match self.worker.committer.write(write.clone()).await {
                // It may be lost to the write before, whose answer did not come.
                Ok(SagaWritten::Lost) if failures > 0 => None,
                Ok(written) => return Ok(written),
                Err(Unwritten::Ended) => return Err(with_sources(&Unwritten::Ended)),
                Err(error) => Some(error),
            };
            if let Some(error) = &error {
                failures = failures.saturating_add(1);
                telemetry::task_failures(TASK).increment(1);
                let (saga, id) = (&*self.record.saga, &*self.record.id);
                let error = with_sources(error);
                tracing::warn!(saga, id, error, failures, "saga write failed, retrying");
                tokio::time::sleep(FIRST.saturating_mul(1 << failures.min(6)).min(LONGEST)).await;
            }
            if !self.worker.is_valid() {
                return Ok(SagaWritten::Lost);
            }
            match (self.was_written(&write).await, error) {
                (Ok(Some(written)), _) => return Ok(written),
                // Nothing was written, and nothing is on its way.
                (Ok(None), None) => return Ok(SagaWritten::Lost),
                (Ok(None) | Err(_), _) => {}
            }
        }
    }

    /// Whether a write was done whose answer did not come; `None`: not so far.
    async fn was_written(&mut self, write: &SagaWrite) -> Result<Option<SagaWritten>, StoreError> {
        let found = self.worker.shared.store.saga(&self.record.saga, &self.record.id).await?;
        let Some(SagaWhole { record, .. }) = found.filter(|it| it.record.instance == write.instance) else {
            return Ok(Some(SagaWritten::Lost));
        };
        let count = u32::try_from(write.entries.len()).unwrap_or(u32::MAX);
        let own = record.epoch == write.epoch && record.owner == Some(self.worker.id);
        let written = write.sequence.saturating_add(count);
        // After the end only refusals of requests are added.
        let ended = record.status.is_end() && record.status == write.status && record.sequence >= written;
        let done = (record.sequence == written || ended) && count > 0;
        Ok(match (own, done) {
            (true, true) => {
                let now = record.updated_at;
                Some(SagaWritten::Done { messages: record.messages, released: false, now })
            }
            (false, true) if write.then != SagaThen::Keep && record.owner.is_none() => {
                let now = record.updated_at;
                Some(SagaWritten::Done { messages: record.messages, released: true, now })
            }
            (true, false) if record.sequence == write.sequence => None,
            _ => Some(SagaWritten::Lost),
        })
    }
}

/// The seeded fault: an outcome that is recorded twice.
fn twice(entries: &[NewSagaEntry]) -> Option<NewSagaEntry> {
    entries.iter().find(|entry| entry.kind == SagaEntryKind::Done).cloned()
}
