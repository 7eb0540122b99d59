//! How consumers and callers give instances to the worker of this process, so that no claim is needed.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::store::{ClaimedSaga, NewSaga, SagaEntry, SagaMessage, SagaRecord, SagaWrite};

/// The worker of this process, without the type of its store.
pub(crate) trait Reception: Send + Sync {
    /// Its id.
    fn worker(&self) -> Uuid;

    /// What a new instance does first. `None`: that is decided when it is claimed.
    fn first(&self, saga: &NewSaga) -> Option<Planned>;

    /// What an instance without an owner does next, with these messages. `None`: that is decided when it is
    /// claimed.
    fn next(
        &self,
        record: &SagaRecord,
        log: &[SagaEntry],
        messages: &[SagaMessage],
        now: OffsetDateTime,
    ) -> Option<Planned>;

    /// Starts an instance together with others; gives it back if the worker stops.
    fn start(&self, saga: NewSaga) -> Result<oneshot::Receiver<Option<bool>>, NewSaga>;
}

/// What an instance does next, decided by the transaction that starts it or leaves an event for it.
pub(crate) struct Planned {
    pub(crate) write: SagaWrite,
    /// Where the instance runs afterwards. `None`: it does not run.
    pub(crate) seat: Option<Box<dyn Seat>>,
    /// Runs after the write is committed: tells what was written.
    pub(crate) written: Box<dyn FnOnce() + Send + Sync>,
}

/// A slot that is kept for an instance. Dropped, the slot is free.
pub(crate) trait Seat: Send + Sync {
    /// The instance is given to this worker: the write is committed.
    fn run(self: Box<Self>, claimed: ClaimedSaga, time: (OffsetDateTime, Instant));
}

impl Planned {
    /// The instance as it is after the write, for its run.
    pub(crate) fn after(
        write: &SagaWrite,
        worker: Uuid,
        mut record: SagaRecord,
        mut log: Vec<SagaEntry>,
        at: OffsetDateTime,
    ) -> (SagaRecord, Vec<SagaEntry>) {
        for entry in &write.entries {
            record.sequence = record.sequence.saturating_add(1);
            log.push(SagaEntry { sequence: record.sequence, at, entry: entry.clone() });
        }
        record.epoch = record.epoch.saturating_add(1);
        record.owner = Some(worker);
        record.due_at = None;
        record.status = write.status;
        record.step.clone_from(&write.step);
        record.reason.clone_from(&write.reason);
        record.messages_seen = write.messages_seen;
        record.messages = record.messages.max(write.messages_seen);
        record.updated_at = at;
        (record, log)
    }
}

/// An instance with its seat, and the time of the store when it was given.
pub(crate) type Given = (Box<dyn Seat>, ClaimedSaga, (OffsetDateTime, Instant));

/// Instances that a transaction gives to the worker. Unless the outcome of the transaction is known, they
/// are lost.
pub(crate) struct Handing {
    pub(crate) reception: Arc<dyn Reception>,
    pub(crate) hand: crate::store::SagaHand,
    pub(crate) given: Vec<Given>,
    pub(crate) written: Vec<Box<dyn FnOnce() + Send + Sync>>,
    /// Tells the store that the outcome of the transaction is not known.
    lose: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Handing {
    pub(crate) fn new(
        reception: Arc<dyn Reception>,
        hand: crate::store::SagaHand,
        lose: Box<dyn FnOnce() + Send + Sync>,
    ) -> Self {
        Self { reception, hand, given: Vec::new(), written: Vec::new(), lose: Some(lose) }
    }

    /// The transaction is committed.
    pub(crate) fn committed(mut self) {
        self.lose = None;
        self.written.drain(..).for_each(|written| written());
        for (seat, claimed, time) in self.given.drain(..) {
            seat.run(claimed, time);
        }
    }

    /// The transaction was not committed.
    pub(crate) fn undone(mut self) {
        self.lose = None;
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        if let Some(lose) = self.lose.take().filter(|_| !self.given.is_empty()) {
            lose();
        }
    }
}
