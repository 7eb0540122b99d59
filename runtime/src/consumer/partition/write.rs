//! The transaction of a batch.

use std::time::Duration;

use super::work::Worker;
use super::{Checkpoint, Partition};
use crate::app::with_sources;
use crate::consumer::page::EventRef;
use crate::consumer::runner::{Failure, Poison};
use crate::consumer::trouble::Trouble;
use crate::number::Position;
use crate::store::{ConsumerKind, ConsumerStore, NewParked, StoreError};

/// What becomes of events in one transaction.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// These are handled.
    pub(super) events: &'a [EventRef],
    /// These are parked.
    pub(super) parks: Vec<NewParked>,
    /// This one is parked no longer.
    pub(super) unpark: Option<Position>,
}

/// How a transaction ended.
pub(super) enum Written {
    /// It is committed.
    Done,
    /// The lease is lost; nothing was written.
    Lost,
    /// An event could not be handled; nothing was written.
    Poison(Poison),
}

impl<S: ConsumerStore> Worker<S> {
    /// Writes a batch and moves the checkpoint, both or neither.
    pub(super) async fn write(&mut self, batch: Batch<'_>, to: Position) -> Result<Written, Trouble> {
        let written = self.write_once(batch, to).await;
        match &written {
            Ok(Written::Done) => self.session.committed(),
            _ => self.session.forget(),
        }
        written
    }

    async fn write_once(&mut self, batch: Batch<'_>, to: Position) -> Result<Written, Trouble> {
        let partition = &*self.partition;
        let store = &partition.host.store;
        let mut transaction =
            store.begin_batch(partition.consumer.spec.kind, partition.idle_at_most()).await?;
        if !batch.events.is_empty() {
            match self.session.handle(store, &mut transaction, batch.events).await {
                Ok(()) => {}
                Err(Failure::Poison(poison)) if poison.stuck => {
                    store.abandon(transaction);
                    return Ok(Written::Poison(poison));
                }
                Err(Failure::Poison(poison)) => {
                    // An error here says that the connection is dead, which explains the failure and is no fault of the event.
                    store.rollback(transaction).await?;
                    return Ok(Written::Poison(poison));
                }
                Err(Failure::Store(error)) => {
                    store.abandon(transaction);
                    return Err(error.into());
                }
            }
        }
        let from = partition.stored();
        match finish(partition, &mut transaction, &batch, from, to).await {
            Ok(true) => {}
            Ok(false) => {
                store.rollback(transaction).await?;
                return Ok(Written::Lost);
            }
            // A handler has left the transaction in a state in which it writes nothing more, and said nothing.
            Err(StoreError::Refused(error)) if !batch.events.is_empty() => {
                store.rollback(transaction).await?;
                return Ok(Written::Poison(Poison::this_time(with_sources(&StoreError::Refused(error)))));
            }
            Err(error) => return Err(error.into()),
        }
        partition.leaving(to);
        match store.commit_batch(transaction).await {
            Ok(()) => {
                partition.arrived(to);
                Ok(Written::Done)
            }
            // Rows that others wrote meanwhile are in the way of a unique index. Nothing is stored.
            Err(StoreError::Refused(error)) => {
                partition.arrived(from);
                Ok(Written::Poison(Poison::for_good(None, with_sources(&StoreError::Refused(error)))))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What comes after the handlers in a transaction; `false`: the lease is lost.
async fn finish<S: ConsumerStore>(
    partition: &Partition<S>,
    transaction: &mut S::Transaction,
    batch: &Batch<'_>,
    from: Position,
    to: Position,
) -> Result<bool, StoreError> {
    let store = &partition.host.store;
    if !batch.parks.is_empty() {
        store.park(transaction, &partition.lease, &batch.parks).await?;
    }
    if let Some(position) = batch.unpark {
        store.unpark(transaction, &partition.lease, position).await?;
    }
    store.advance(transaction, &partition.lease, from, to).await
}

impl<S: ConsumerStore> Partition<S> {
    /// Moves the checkpoint by itself; `false`: the lease is lost.
    pub(super) async fn pass(&self, to: Position) -> Result<bool, Trouble> {
        let from = self.stored();
        self.leaving(to);
        let moved = self.host.store.checkpoint(&self.lease, from, to).await?;
        self.arrived(if moved { to } else { from });
        Ok(moved)
    }

    /// The checkpoint is about to be moved. Whatever that fails with, it may have been done: the checkpoint itself tells, before anything else is done.
    fn leaving(&self, to: Position) {
        self.checkpoint().perhaps = Some(to);
    }

    /// The checkpoint is known to be here.
    fn arrived(&self, at: Position) {
        *self.checkpoint() = Checkpoint { stored: at, perhaps: None };
    }

    /// How long a transaction may be idle: one of a process that was stopped keeps its locks no longer than its lease, unless a handler may take longer.
    pub(super) fn idle_at_most(&self) -> Duration {
        match self.consumer.spec.kind {
            ConsumerKind::Projection | ConsumerKind::Reactor => {
                self.host.lease.max(self.consumer.options.timeout)
            }
            ConsumerKind::ReadModel | ConsumerKind::Saga => self.host.lease,
        }
    }
}
