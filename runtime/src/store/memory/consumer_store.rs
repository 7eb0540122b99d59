//! The memory store as it runs consumers.

use std::time::Duration;

use uuid::Uuid;

use super::tables::MemoryTable;
use super::{MemoryStore, MemoryTransaction, select};
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::store::{
    BoxFuture, ConsumerKind, ConsumerReads, ConsumerRecord, ConsumerSpec, ConsumerStore, KnownReads, Lease,
    LeaseRequest, Needs, NewParked, Opened, Parked, ParkedQuery, ParkedRequest, RowChanges, Select, Start,
    StoreError, Table, TransactionalStore,
};
use crate::stream::StreamName;

impl ConsumerStore for MemoryStore {
    fn open_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<Opened, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let start = log.available()?.start(consumer.start);
            log.consumers.open(consumer, start, self.shared.clock.now(), true)
        })
    }

    fn declare_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let start = log.available()?.start(consumer.start);
            log.consumers.open(consumer, start, self.shared.clock.now(), false).map(drop)
        })
    }

    fn lower_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            let mut log = self.shared.log();
            Ok(log.available()?.consumers.lower(consumer, now))
        })
    }

    fn restart_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        consumer: &'a ConsumerSpec,
        start: Start,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let start = self.shared.log().available()?.start(start);
            transaction.batch()?.restart(consumer.clone(), start, self.shared.clock.now());
            Ok(())
        })
    }

    fn rename_consumer<'a>(
        &'a self,
        from: &'a str,
        consumer: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.shared.log().available()?.consumers.rename(from, consumer) })
    }

    fn register_reads<'a>(&'a self, reads: &'a ConsumerReads) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.consumers.register_reads(reads);
            Ok(())
        })
    }

    fn known_reads<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<KnownReads, StoreError>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            Ok(self.shared.log().available()?.consumers.known_reads(consumer, now))
        })
    }

    fn leave<'a>(&'a self, lease: &'a Lease, needs: &'a Needs) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.leave(lease, needs)) })
    }

    fn rebuild<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.consumers.rebuild(consumer, self.shared.clock.now())
        })
    }

    fn swap<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(
            async move { Ok(self.shared.log().available()?.consumers.swap(lease, self.shared.clock.now())) },
        )
    }

    fn lease<'a>(&'a self, request: &'a LeaseRequest) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async move {
            #[cfg(feature = "testing")]
            self.running().await;
            Ok(self.shared.log().available()?.consumers.lease(request, self.shared.clock.now()))
        })
    }

    fn release<'a>(&'a self, worker: Uuid) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.consumers.release(worker);
            Ok(())
        })
    }

    /// A transaction in memory locks no rows: nobody waits for one that idles.
    fn begin_batch(
        &self,
        _: ConsumerKind,
        _: Duration,
    ) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        self.begin()
    }

    fn advance<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let batch = transaction.batch()?;
            let moved = batch.advance(&self.shared.log().available()?.consumers, lease, from, to);
            if !moved {
                transaction.fail();
            }
            Ok(moved)
        })
    }

    fn load_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        keys: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            let batch = transaction.batch()?;
            batch.load(&self.shared.log().available()?.consumers, table, keys)
        })
    }

    fn write_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        changes: RowChanges,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let batch = transaction.batch()?;
            let written = batch.write(&self.shared.log().available()?.consumers, table, changes);
            if written.is_err() {
                transaction.fail();
            }
            written
        })
    }

    fn park<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        events: &'a [NewParked],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (batch, now) = (transaction.batch()?, self.shared.clock.now());
            for event in events {
                let mut parked = Parked::new(lease.consumer.clone(), event.clone(), now);
                (parked.generation, parked.partition) = (lease.generation, lease.partition);
                batch.park(parked);
            }
            Ok(())
        })
    }

    fn unpark<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        position: Position,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            transaction.batch()?.unpark(lease, position);
            Ok(())
        })
    }

    fn parked_streams<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.parked_streams(lease)) })
    }

    fn parked_of<'a>(
        &'a self,
        lease: &'a Lease,
        stream: &'a StreamName,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.parked_of(lease, stream, limit)) })
    }

    fn requested_streams<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(async move {
            {
                let now = self.shared.clock.now();
                Ok(self.shared.log().available()?.consumers.requested_streams(lease, now))
            }
        })
    }

    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.parked(query)) })
    }

    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(
            async move { Ok(self.shared.log().available()?.consumers.request(consumer, position, &request)) },
        )
    }

    fn consumers(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let log = log.available()?;
            Ok(log.consumers.records(self.shared.clock.now(), |position| log.next_recorded_at(position)))
        })
    }

    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.pause(consumer, paused)) })
    }

    fn halt<'a>(&'a self, lease: &'a Lease, reason: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.halt(lease, reason)) })
    }

    /// Rows that are left without their consumer cannot be reached in memory: they go with it.
    fn forget_consumer<'a>(&'a self, consumer: &'a str, _: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(
            async move { self.shared.log().available()?.consumers.forget(consumer, self.shared.clock.now()) },
        )
    }

    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.consumers.replace_anyway(consumer, reason)) })
    }

    fn reset<'a>(
        &'a self,
        consumer: &'a str,
        start: Start,
        table: Option<&'a Table>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let start = log.available()?.start(start);
            log.consumers.reset(consumer, start, table)
        })
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        query: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let (_, found) = log.available()?.consumers.table(table)?;
            select::select(found.definition(), candidates(found, query), query)
        })
    }

    fn count<'a>(&'a self, table: &'a Table, query: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let (_, found) = log.available()?.consumers.table(table)?;
            select::count(found.definition(), candidates(found, query), query)
        })
    }
}

/// The rows among which a query finds its own.
fn candidates<'t>(table: &'t MemoryTable, query: &Select) -> impl Iterator<Item = &'t Row> {
    let only = select::only_key(table.definition(), query).map(|key| table.row(key));
    // Either the one row, if it is there, or all of them.
    let all = only.is_none().then(|| table.rows());
    only.flatten().into_iter().chain(all.into_iter().flatten())
}
