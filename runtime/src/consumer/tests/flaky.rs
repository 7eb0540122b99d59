//! A memory store that counts what it is asked, and fails as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::prelude::*;
use crate::read_model::{Row, Value};
use crate::store::{
    Append, AppendError, Appended, BoxFuture, BoxStream, CommandRecord, ConsumerKind, ConsumerRecord,
    ConsumerSpec, ConsumerStore, EventStore, FeedPage, FeedQuery, Health, Lease, LeaseRequest,
    MemoryTransaction, NewParked, Opened, Parked, ParkedQuery, ParkedRequest, RehydrateError, RowChanges,
    Select, Snapshot, Start, StoreError, StreamQuery, Table, TransactionalStore, Visit, Wakeup,
};
use crate::{MemoryStore, Position, StreamName};

#[derive(Clone)]
pub(super) struct Flaky {
    pub(super) store: MemoryStore,
    pub(super) told: Arc<Told>,
}

#[derive(Default)]
pub(super) struct Told {
    /// How often the feed was read.
    pub(super) pages: AtomicUsize,
    /// How many transactions of batches were begun.
    pub(super) batches: AtomicUsize,
    /// How many rows were asked for.
    pub(super) rows: AtomicUsize,
    /// The connection dies so often at a commit, after it was done.
    pub(super) unknown: AtomicUsize,
    /// The connection dies so often at a commit, before it was done.
    pub(super) undone: AtomicUsize,
    /// The feed cannot be read so often.
    pub(super) unread: AtomicUsize,
    /// So many swaps fail.
    pub(super) unswapped: AtomicUsize,
    /// Nothing can be asked about leases.
    pub(super) cut: AtomicBool,
    /// The keeper's next question panics.
    pub(super) panics: AtomicBool,
    /// The next transaction panics.
    pub(super) batch_panics: AtomicBool,
    /// The feed is read with holes and repetitions: each version of a stream is given as this one's.
    pub(super) mixed: AtomicBool,
}

impl Flaky {
    pub(super) fn new(store: &MemoryStore) -> Self {
        Self { store: store.clone(), told: Arc::default() }
    }
}

pub(super) fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

/// Whether one is left, which is taken.
fn one_of(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn away() -> StoreError {
    StoreError::Unavailable("it was told to be away".into())
}

impl EventStore for Flaky {
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.prepare()
    }

    fn register_events<'a>(
        &'a self,
        events: &'a [crate::store::EventType],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.register_events(events)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        self.store.append(append)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxStream<'_, Result<crate::RecordedEvent, StoreError>> {
        self.store.read_stream(query)
    }

    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>> {
        self.store.rehydrate(stream, after, visit)
    }

    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>> {
        Box::pin(async move {
            self.told.pages.fetch_add(1, Ordering::SeqCst);
            if one_of(&self.told.unread) {
                return Err(away());
            }
            let mut page = self.store.read_feed(query).await?;
            if self.told.mixed.load(Ordering::SeqCst) {
                page.events.iter_mut().for_each(|event| event.metadata.version = Version::new(1));
            }
            Ok(page)
        })
    }

    fn wakeup(&self) -> Wakeup {
        self.store.wakeup()
    }

    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>> {
        self.store.find_command(command_id)
    }

    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.store.forget_commands(older_than, limit)
    }

    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        self.store.load_snapshot(stream, fingerprint)
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.save_snapshot(snapshot)
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>> {
        self.store.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
    }
}

impl TransactionalStore for Flaky {
    type Transaction = MemoryTransaction;

    fn begin(&self) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        self.store.begin()
    }

    fn append_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        append: Append,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        self.store.append_in(transaction, append)
    }

    fn commit(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if one_of(&self.told.undone) {
                drop(transaction);
                return Err(away());
            }
            self.store.commit(transaction).await?;
            if one_of(&self.told.unknown) {
                return Err(StoreError::OutcomeUnknown { event_ids: Vec::new(), source: "cut".into() });
            }
            Ok(())
        })
    }

    fn rollback(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.rollback(transaction)
    }
}

impl ConsumerStore for Flaky {
    fn open_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<Opened, StoreError>> {
        self.store.open_consumer(consumer)
    }

    fn declare_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.declare_consumer(consumer)
    }

    fn lower_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.lower_consumer(consumer)
    }

    fn restart_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        consumer: &'a ConsumerSpec,
        start: Start,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.restart_in(transaction, consumer, start)
    }

    fn rename_consumer<'a>(
        &'a self,
        from: &'a str,
        consumer: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.rename_consumer(from, consumer)
    }

    fn register_reads<'a>(
        &'a self,
        reads: &'a crate::store::ConsumerReads,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.register_reads(reads)
    }

    fn known_reads<'a>(
        &'a self,
        consumer: &'a str,
    ) -> BoxFuture<'a, Result<crate::store::KnownReads, StoreError>> {
        self.store.known_reads(consumer)
    }

    fn leave<'a>(
        &'a self,
        lease: &'a Lease,
        needs: &'a crate::store::Needs,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.leave(lease, needs)
    }

    fn rebuild<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<u32, StoreError>> {
        self.store.rebuild(consumer)
    }

    fn swap<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if one_of(&self.told.unswapped) {
                return Err(away());
            }
            self.store.swap(lease).await
        })
    }

    fn lease<'a>(&'a self, request: &'a LeaseRequest) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async move {
            assert!(!self.told.panics.swap(false, Ordering::SeqCst), "it was told to panic");
            if self.told.cut.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            self.store.lease(request).await
        })
    }

    fn release<'a>(&'a self, worker: Uuid) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.release(worker)
    }

    fn begin_batch(
        &self,
        kind: ConsumerKind,
        at_most: Duration,
    ) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        self.told.batches.fetch_add(1, Ordering::SeqCst);
        assert!(!self.told.batch_panics.swap(false, Ordering::SeqCst), "it was told to panic");
        self.store.begin_batch(kind, at_most)
    }

    fn advance<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.advance(transaction, lease, from, to)
    }

    fn load_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        keys: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        self.told.rows.fetch_add(keys.len(), Ordering::SeqCst);
        self.store.load_rows(transaction, table, keys)
    }

    fn write_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        changes: RowChanges,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.write_rows(transaction, table, changes)
    }

    fn park<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        events: &'a [NewParked],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.park(transaction, lease, events)
    }

    fn unpark<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        position: Position,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.unpark(transaction, lease, position)
    }

    fn halt<'a>(&'a self, lease: &'a Lease, reason: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.halt(lease, reason)
    }

    fn parked_streams<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        self.store.parked_streams(lease)
    }

    fn parked_of<'a>(
        &'a self,
        lease: &'a Lease,
        stream: &'a StreamName,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        self.store.parked_of(lease, stream, limit)
    }

    fn requested_streams<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        self.store.requested_streams(lease)
    }

    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        self.store.parked(query)
    }

    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.request(consumer, position, request)
    }

    fn consumers(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>> {
        self.store.consumers()
    }

    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.pause(consumer, paused)
    }

    fn reset<'a>(
        &'a self,
        consumer: &'a str,
        start: Start,
        table: Option<&'a Table>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.reset(consumer, start, table)
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        self.store.select(table, select)
    }

    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.store.count(table, select)
    }
}
