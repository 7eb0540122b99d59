//! Consumers: leases, checkpoints, parked events and the tables of read models.

mod batch;
pub(super) mod column;
pub(super) mod error;
mod generation;
mod lease;
pub(super) mod name;
mod open;
mod parked;
pub(super) mod reads;
mod record;
mod restart;
mod rows;
mod start;
mod statement;
mod swap;
pub(super) mod value;

use std::time::Duration;

use sqlx::postgres::PgTransaction;
use uuid::Uuid;

use super::{PostgresStore, select};
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::store::{
    BoxFuture, ConsumerKind, ConsumerReads, ConsumerRecord, ConsumerSpec, ConsumerStore, KnownReads, Lease,
    LeaseRequest, Needs, NewParked, Opened, Parked, ParkedQuery, ParkedRequest, RowChanges, Select, Start,
    StoreError, Table,
};
use crate::stream::StreamName;

impl ConsumerStore for PostgresStore {
    fn open_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<Opened, StoreError>> {
        Box::pin(async { open::open(self.open()?, consumer, true).await })
    }

    fn declare_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { open::open(self.open()?, consumer, false).await.map(drop) })
    }

    fn lower_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { open::lower(self.open()?, consumer).await })
    }

    fn restart_in<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        consumer: &'a ConsumerSpec,
        start: Start,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(restart::restart(self.core(), transaction, consumer, start))
    }

    fn rename_consumer<'a>(
        &'a self,
        from: &'a str,
        consumer: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { restart::rename(self.open()?, from, consumer).await })
    }

    fn register_reads<'a>(&'a self, reads: &'a ConsumerReads) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { reads::register(self.open()?, reads).await })
    }

    fn known_reads<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<KnownReads, StoreError>> {
        Box::pin(async move { reads::known(self.open()?, consumer).await })
    }

    fn leave<'a>(&'a self, lease: &'a Lease, needs: &'a Needs) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { reads::leave(self.open()?, lease, needs).await })
    }

    fn rebuild<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async { open::rebuild(self.open()?, consumer).await })
    }

    fn swap<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { swap::swap(self.open()?, lease).await })
    }

    fn lease<'a>(&'a self, request: &'a LeaseRequest) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async { lease::lease(self.open()?, request).await })
    }

    fn release<'a>(&'a self, worker: Uuid) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { lease::release(self.open()?, worker).await })
    }

    fn begin_batch(
        &self,
        kind: ConsumerKind,
        at_most: Duration,
    ) -> BoxFuture<'_, Result<PgTransaction<'static>, StoreError>> {
        Box::pin(async move { batch::begin(self.open()?, kind, at_most).await })
    }

    fn commit_batch(&self, transaction: PgTransaction<'static>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(batch::commit(self.core(), transaction))
    }

    fn commit_batch_appended(
        &self,
        transaction: PgTransaction<'static>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            batch::commit(self.core(), transaction).await?;
            self.core().wake();
            Ok(())
        })
    }

    fn checkpoint<'a>(
        &'a self,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { batch::checkpoint(self.open()?, lease, from, to).await })
    }

    fn advance<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(batch::advance(self.core(), transaction, lease, from, to))
    }

    fn load_rows<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        table: &'a Table,
        keys: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(rows::load(self.core(), transaction, table, keys))
    }

    fn write_rows<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        table: &'a Table,
        changes: RowChanges,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(rows::write(self.core(), transaction, table, changes))
    }

    fn park<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        lease: &'a Lease,
        events: &'a [NewParked],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(parked::park(self.core(), transaction, lease, events))
    }

    fn unpark<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        lease: &'a Lease,
        position: Position,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(parked::unpark(self.core(), transaction, lease, position))
    }

    fn parked_streams<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(parked::streams(self.core(), lease))
    }

    fn parked_of<'a>(
        &'a self,
        lease: &'a Lease,
        stream: &'a StreamName,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(parked::of_stream(self.core(), lease, stream, limit))
    }

    fn requested_streams<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(parked::requested(self.core(), lease))
    }

    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(parked::list(self.core(), query))
    }

    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { parked::request(self.open()?, consumer, position, &request).await })
    }

    fn consumers(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>> {
        Box::pin(record::list(self.core(), true))
    }

    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>> {
        Box::pin(record::list(self.core(), false))
    }

    fn halt<'a>(&'a self, lease: &'a Lease, reason: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { record::halt(self.open()?, lease, reason).await })
    }

    fn forget_consumer<'a>(
        &'a self,
        consumer: &'a str,
        with_table: bool,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { record::forget(self.open()?, consumer, with_table).await })
    }

    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { record::replace_anyway(self.open()?, consumer, reason).await })
    }

    fn unpark_all<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        lease: &'a Lease,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(parked::unpark_all(self.core(), transaction, lease, positions))
    }

    fn parked_among<'a>(
        &'a self,
        lease: &'a Lease,
        streams: &'a [StreamName],
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(parked::among(self.core(), lease, streams))
    }

    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { record::pause(self.open()?, consumer, paused).await })
    }

    fn reset<'a>(
        &'a self,
        consumer: &'a str,
        start: Start,
        table: Option<&'a Table>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { record::reset(self.open()?, consumer, start, table).await })
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        query: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(select::select(self.core(), table, query))
    }

    fn count<'a>(&'a self, table: &'a Table, query: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(select::count(self.core(), table, query))
    }
}
