//! The contract between Kenning and a store. [`testing::store_contract`](crate::testing) proves an implementation.

mod append;
mod consumer;
mod error;
mod health;
mod ledger;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod saga;
mod snapshot;
mod timeline;
mod transaction;
mod wakeup;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use uuid::Uuid;

pub use self::append::{Append, Appended, AppendedTo, Expect, NewEvent, StreamAppend};
pub use self::consumer::{
    Comparison, Condition, ConsumerKind, ConsumerReads, ConsumerRecord, ConsumerSpec, ConsumerStore,
    EventType, EventVersions, InvalidSelect, KnownReads, Lease, LeaseRequest, MAX_PARKED_STREAMS, Needs,
    NewParked, Opened, OrderKey, Parked, ParkedQuery, ParkedRequest, PartitionRecord, RegisteredReads,
    RowChanges, SWAP_PAUSE, Select, Start, Table, TableDefinition, Wanted,
};
pub use self::error::{AppendError, Conflict, InvalidAppend, RehydrateError, StoreError};
pub use self::health::{Health, WatermarkHolder};
pub use self::ledger::{BodyHash, CommandRecord, LedgerEntry};
#[cfg(feature = "testing")]
pub(crate) use self::memory::{HandedOver, WriteProbe, Writing};
#[cfg(feature = "memory")]
pub use self::memory::{MemoryStore, MemoryTransaction};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresOptions, PostgresStore};
#[cfg(feature = "postgres")]
pub(crate) use self::postgres::{is_database_collision, is_database_trouble, is_database_unfit};
pub use self::read::{Direction, FeedPage, FeedQuery, StreamQuery};
pub use self::saga::{
    ClaimedSaga, Delivery, EventOrigin, HeldSagas, NewDelivery, NewSaga, NewSagaEntry, SagaAdvance,
    SagaClaim, SagaClaims, SagaCounts, SagaDefinitionRecord, SagaDeliveries, SagaEntry, SagaEntryKind,
    SagaForgotten, SagaHand, SagaMessage, SagaMessageKind, SagaMigration, SagaQuery, SagaRecord, SagaRenewal,
    SagaRequest, SagaStart, SagaStarted, SagaStarts, SagaStatus, SagaStore, SagaThen, SagaWhole, SagaWorker,
    SagaWrite, SagaWritten, StoredRequest, WantedSaga,
};
pub use self::snapshot::Snapshot;
pub use self::timeline::Timeline;
pub use self::transaction::TransactionalStore;
pub use self::wakeup::{Wakeup, WakeupSource};

use crate::event::RawEvent;
use crate::number::Version;
use crate::payload::DecodeError;
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

/// A boxed future, as the methods of [`EventStore`] return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed stream, as [`EventStore::read_stream`] returns it.
pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

/// Takes each event of a rehydration, in order; an error ends it.
pub type Visit<'a> = dyn FnMut(RawEvent<'_>) -> Result<(), DecodeError> + Send + 'a;

/// Keeps events, the command ledger and snapshots.
///
/// Every rule below holds for every implementation, and the contract suite checks it.
pub trait EventStore: Send + Sync + 'static {
    /// Makes the store ready for use: migrates its schema and refuses a server that cannot serve. Doing it again, also from several processes at
    /// once, changes nothing. [`Kenning::builder`](crate::Kenning::builder)'s `build` calls it.
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Tells the store which events a release can append, before it appends any. Safe to call
    /// again. Consumers that follow the categories and do not know the events lose their leases, so
    /// that they learn of them first. [`Kenning::builder`](crate::Kenning::builder)'s `build` calls
    /// it. Provided for stores that have no consumers: nothing is done.
    fn register_events<'a>(&'a self, events: &'a [EventType]) -> BoxFuture<'a, Result<(), StoreError>> {
        let _: &[EventType] = events;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Appends to one or several streams, all or nothing.
    ///
    /// After `Ok` the events are durable and the feed delivers them. After [`AppendError::Conflict`], [`AppendError::DuplicateCommand`] or
    /// [`AppendError::Invalid`] none is stored. Dropping the future leaves it open whether they are. No event at all is a no-op that still checks the expectations and records the command.
    /// A command that was accepted before is reported before any conflict, since an append that is sent again conflicts with its own first arrival.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>>;

    /// The timeline that the store reads now. It changes when the server may have lost what it said before.
    ///
    /// Whoever keeps what was read takes the timeline before the read, and drops it when the timeline is another.
    /// Provided as [`Timeline::FIRST`], for stores that lose nothing.
    fn timeline(&self) -> Timeline {
        Timeline::FIRST
    }

    /// Appends what was decided on a state read on `timeline`. If the timeline is over, nothing is stored and the
    /// answer is [`StoreError::Contention`]: read the state again.
    fn append_on(&self, timeline: Timeline, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        if timeline != self.timeline() {
            return Box::pin(async { Err(StoreError::timeline_over().into()) });
        }
        self.append(append)
    }

    /// Waits until what was read on `timeline` is as durable as an append that is answered with success: for an answer
    /// that rests on what was read, and stores nothing. Provided as done at once, for stores that show nothing else.
    fn confirm(&self, timeline: Timeline) -> BoxFuture<'_, Result<(), StoreError>> {
        if timeline != self.timeline() {
            return Box::pin(async { Err(StoreError::timeline_over()) });
        }
        Box::pin(async { Ok(()) })
    }

    /// Reads one stream, row by row: the store holds no more than a bounded part of it in memory.
    fn read_stream(&self, query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>>;

    /// Shows `visit` every event of a stream after a version, in order, and returns the version reached (`after`, if there was none). Stores may answer
    /// several calls by one query.
    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>>;

    /// Reads a page of the feed of all streams: every event at or before [`FeedPage::through`] that matches has been delivered by this or an earlier page, whatever
    /// writers do, and none after it has.
    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>>;

    /// Wakes a reader of the feed after something was appended, by this process or another. A wake-up is a hint: it may be late or missing, so wait
    /// with a bound.
    fn wakeup(&self) -> Wakeup;

    /// Looks an accepted command up in the ledger.
    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>>;

    /// Forgets at most `limit` commands recorded longer ago than `older_than` by the store's clock, oldest first, and
    /// returns how many. A command with a forgotten id is decided again.
    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// The newest snapshot of a stream under a fingerprint.
    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>>;

    /// Keeps a snapshot, unless a newer one of the same stream and fingerprint exists. Of the other
    /// snapshots of the stream, the newest stay, up to [`MAX_SNAPSHOTS`](crate::limits::MAX_SNAPSHOTS)
    /// in all; the others are deleted.
    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps a snapshot of a state read on `timeline`. If the timeline is over, nothing is stored and the answer is
    /// [`StoreError::Contention`].
    fn save_snapshot_on(
        &self,
        timeline: Timeline,
        snapshot: Snapshot,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        if timeline != self.timeline() {
            return Box::pin(async { Err(StoreError::timeline_over()) });
        }
        self.save_snapshot(snapshot)
    }

    /// How far the feed is behind what was drawn, and who holds it.
    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>>;

    /// Finishes what was accepted, then stops the store's tasks. Later calls answer [`StoreError::Closed`].
    fn close(&self) -> BoxFuture<'_, ()>;
}
