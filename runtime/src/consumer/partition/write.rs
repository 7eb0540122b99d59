//! The transaction of a batch.

use std::sync::Arc;
use std::time::Duration;

use super::work::Worker;
use super::{Checkpoint, Partition};
use crate::app::with_sources;
use crate::consumer::backoff::pause;
use crate::consumer::page::EventRef;
use crate::consumer::runner::{Failure, Poison, Writes};
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
    /// These are parked no longer.
    pub(super) unpark: Vec<Position>,
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

/// How one attempt at a transaction ended.
enum Attempt {
    Written(Written),
    /// Others have written to the same streams; nothing was written.
    Collision(StoreError),
}

/// How often a batch of several events is begun anew after others have written to its streams, and how often one event.
const COLLISIONS: u32 = 4;
const COLLISIONS_ALONE: u32 = 16;

/// How long the pauses between these are.
const COLLISION: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(64));

impl<S: ConsumerStore> Worker<S> {
    /// Writes a batch and moves the checkpoint, both or neither.
    pub(super) async fn write(&mut self, batch: Batch<'_>, to: Position) -> Result<Written, Trouble> {
        let mut collisions = 0;
        loop {
            let written = self.write_once(&batch, to).await;
            match &written {
                Ok(Attempt::Written(Written::Done)) => {
                    if !batch.events.is_empty() {
                        self.in_row = 0;
                    }
                    let store = Arc::clone(&self.partition.host.store);
                    self.session.committed(&store, to).await;
                }
                Ok(_) => self.session.forget(),
                Err(_) => self.session.lose(),
            }
            let error = match written? {
                Attempt::Written(written) => return Ok(written),
                Attempt::Collision(error) => error,
            };
            collisions += 1;
            self.partition.consumer.metrics.collisions.increment(1);
            tracing::debug!(error = %with_sources(&error), collisions, "a batch met others on its streams and begins anew");
            // Fewer events meet fewer others. One alone waits for as long as it takes: it is no fault of its own.
            match batch.events.len() {
                2.. if collisions >= COLLISIONS => {
                    return Ok(Written::Poison(Poison::this_time(with_sources(&error))));
                }
                _ if collisions >= COLLISIONS_ALONE => return Err(error.into()),
                _ => tokio::time::sleep(pause(COLLISION, collisions)).await,
            }
        }
    }

    async fn write_once(&mut self, batch: &Batch<'_>, to: Position) -> Result<Attempt, Trouble> {
        let partition = Arc::clone(&self.partition);
        let store = &partition.host.store;
        let mut writes = Writes::Anything;
        if !batch.events.is_empty() {
            writes = match self.session.prepare(store, batch.events).await {
                Ok(writes) => writes,
                Err(failure) => return failed(failure),
            };
        }
        if writes == Writes::Nothing && batch.parks.is_empty() && batch.unpark.is_empty() {
            let moved = partition.pass(to).await?;
            return Ok(Attempt::Written(if moved { Written::Done } else { Written::Lost }));
        }
        let mut transaction =
            store.begin_batch(partition.consumer.spec.kind, partition.idle_at_most()).await?;
        if !batch.events.is_empty() && writes != Writes::Nothing {
            match self.session.handle(store, &mut transaction, batch.events).await {
                Ok(()) => {}
                Err(Failure::Poison(poison)) if poison.stuck => {
                    store.abandon(transaction);
                    return Ok(Attempt::Written(Written::Poison(poison)));
                }
                Err(failure @ (Failure::Poison(_) | Failure::Collision(_))) => {
                    // An error here says that the connection is dead, which explains the failure and is no fault of the event.
                    store.rollback(transaction).await?;
                    return failed(failure);
                }
                Err(failure @ Failure::Store(_)) => {
                    store.abandon(transaction);
                    return failed(failure);
                }
            }
        }
        let from = partition.stored();
        match finish(&partition, &mut transaction, batch, from, to).await {
            Ok(true) => {}
            Ok(false) => {
                store.rollback(transaction).await?;
                return Ok(Attempt::Written(Written::Lost));
            }
            // A handler has left the transaction in a state in which it writes nothing more, and said nothing.
            Err(StoreError::Refused(error)) if !batch.events.is_empty() => {
                store.rollback(transaction).await?;
                let poison = Poison::this_time(with_sources(&StoreError::Refused(error)));
                return Ok(Attempt::Written(Written::Poison(poison)));
            }
            Err(error) => return Err(error.into()),
        }
        partition.leaving(to);
        let committed = match writes {
            Writes::Events => store.commit_batch_appended(transaction).await,
            Writes::Nothing | Writes::Anything => store.commit_batch(transaction).await,
        };
        match committed {
            Ok(()) => {
                partition.arrived(to);
                Ok(Attempt::Written(Written::Done))
            }
            // Rows that others wrote meanwhile are in the way of a unique index. Nothing is stored.
            Err(StoreError::Refused(error)) => {
                partition.arrived(from);
                let poison = Poison::for_good(None, with_sources(&StoreError::Refused(error)));
                Ok(Attempt::Written(Written::Poison(poison)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a failure of the session means for its batch.
fn failed(failure: Failure) -> Result<Attempt, Trouble> {
    match failure {
        Failure::Poison(poison) => Ok(Attempt::Written(Written::Poison(poison))),
        Failure::Collision(error) => Ok(Attempt::Collision(error)),
        Failure::Store(error) => Err(error.into()),
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
    match batch.unpark.as_slice() {
        [] => {}
        [one] => store.unpark(transaction, &partition.lease, *one).await?,
        some => store.unpark_all(transaction, &partition.lease, some).await?,
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
            ConsumerKind::Projection => self.host.lease.max(self.consumer.options.timeout),
            // Its handlers have come to their end before the transaction, but for those of others that follow what it appends.
            ConsumerKind::Reactor => {
                let inlines = self.host.application.inlines.as_ref();
                inlines.map_or(self.host.lease, |inlines| inlines.idle().max(self.host.lease))
            }
            ConsumerKind::ReadModel | ConsumerKind::Saga => self.host.lease,
        }
    }
}
