//! The store of consumers, with its faults.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kenning::read_model::{Row, Value};
use kenning::store::{
    BoxFuture, ConsumerKind, ConsumerReads, ConsumerRecord, ConsumerSpec, ConsumerStore, KnownReads, Lease,
    LeaseRequest, MemoryTransaction, Needs, NewParked, Opened, Parked, ParkedQuery, ParkedRequest,
    RowChanges, Select, Start, StoreError, Table, TransactionalStore,
};
use kenning::{Position, StreamName};
use uuid::Uuid;

use super::Wrong;
use super::consuming::SHORT;
use crate::bites::fault::Fault;

impl ConsumerStore for Wrong {
    fn declare_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            if self.is(Fault::DeclaringRaises) {
                return self.store.open_consumer(consumer).await.map(drop);
            }
            self.store.declare_consumer(consumer).await
        })
    }

    fn lower_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async {
            if self.is(Fault::LowersUnderARunningWorker) {
                self.drive_out(&consumer.name).await?;
            }
            self.store.lower_consumer(consumer).await
        })
    }

    fn restart_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        consumer: &'a ConsumerSpec,
        start: Start,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.is(Fault::RestartsNothing) {
            return Box::pin(async { Ok(()) });
        }
        self.store.restart_in(transaction, consumer, start)
    }

    fn rename_consumer<'a>(
        &'a self,
        from: &'a str,
        consumer: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.rename_consumer(from, consumer)
    }

    fn register_reads<'a>(&'a self, reads: &'a ConsumerReads) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.is(Fault::RegistersNothing) {
            return Box::pin(async { Ok(()) });
        }
        self.store.register_reads(reads)
    }

    fn known_reads<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<KnownReads, StoreError>> {
        self.store.known_reads(consumer)
    }

    fn leave<'a>(&'a self, lease: &'a Lease, needs: &'a Needs) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async {
            if self.is(Fault::LeavesToAnyone) {
                return self.store.release(lease.worker).await.map(|()| true);
            }
            self.store.leave(lease, needs).await
        })
    }

    fn open_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<Opened, StoreError>> {
        Box::pin(self.open(consumer))
    }

    fn rebuild<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let known = self.record(&consumer.name, Some(true)).await;
            if let (Fault::RebuildsInPlace, Some(known)) = (self.fault, known) {
                self.store.reset(&consumer.name, Start::Beginning, None).await?;
                return Ok(known.generation);
            }
            self.store.rebuild(consumer).await
        })
    }

    fn swap<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.is(Fault::SwapsNothing) {
                return Ok(true);
            }
            if self.is(Fault::ReplacesAnyway) {
                self.store.replace_anyway(&lease.consumer, "it is wrong").await?;
            }
            let swapped = self.store.swap(lease).await?;
            if !swapped && self.is(Fault::StopsTheLiveOneForEver) {
                self.store.pause(&lease.consumer, true).await?;
            }
            self.set_broken(swapped);
            Ok(swapped)
        })
    }

    fn lease<'a>(&'a self, request: &'a LeaseRequest) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(self.lease_wrongly(request))
    }

    fn release<'a>(&'a self, worker: Uuid) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.is(Fault::ForgetsToRelease) {
            return Box::pin(async { Ok(()) });
        }
        self.store.release(worker)
    }

    fn begin_batch(
        &self,
        kind: ConsumerKind,
        at_most: Duration,
    ) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        if self.is(Fault::ClaimsOnlyBetweenBatches) || self.is(Fault::ClaimsOnlyBetweenTransactions) {
            self.next();
        }
        if self.is(Fault::AdvancesOncePerBatch) {
            self.count.store(0, Ordering::SeqCst);
        }
        self.store.begin_batch(kind, at_most)
    }

    fn commit_batch(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.is(Fault::CommitRollsBack) {
            return self.store.rollback(transaction);
        }
        Box::pin(async move {
            match self.store.commit_batch(transaction).await {
                Err(_) if self.is(Fault::ReportsLostBatchesAsStored) => Ok(()),
                answer => answer,
            }
        })
    }

    fn advance<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.advance_wrongly(transaction, lease, from, to))
    }

    fn load_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        keys: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            if self.is(Fault::LoadsCommittedRows) {
                let mut own = self.store.begin_batch(ConsumerKind::ReadModel, SHORT).await?;
                return self.store.load_rows(&mut own, table, keys).await;
            }
            self.store.load_rows(transaction, table, keys).await
        })
    }

    fn write_rows<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        table: &'a Table,
        changes: RowChanges,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write_wrongly(transaction, table, changes))
    }

    fn park<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        events: &'a [NewParked],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut events = events.to_vec();
            if self.is(Fault::KeepsTheFirstReason) {
                let known = self.store.parked(&ParkedQuery::default()).await?;
                events.retain(|event| known.iter().all(|known| known.position != event.position));
            }
            if self.is(Fault::ParksWhatIsSetAside) {
                events.iter_mut().for_each(|event| event.retry_after = None);
            }
            self.store.park(transaction, &self.lease_of(lease), &events).await
        })
    }

    fn unpark<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        position: Position,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.unpark(transaction, lease, position)
    }

    fn unpark_all<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        lease: &'a Lease,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let most = if self.is(Fault::TakesOutTheFirst) { 1 } else { positions.len() };
        self.store.unpark_all(transaction, lease, &positions[..most.min(positions.len())])
    }

    fn halt<'a>(&'a self, lease: &'a Lease, reason: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        if self.is(Fault::HaltsNothing) {
            return Box::pin(async { Ok(true) });
        }
        self.store.halt(lease, reason)
    }

    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.replace_anyway(consumer, reason)
    }

    fn parked_streams<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(async move { self.store.parked_streams(&self.lease_of(lease)).await })
    }

    fn parked_of<'a>(
        &'a self,
        lease: &'a Lease,
        stream: &'a StreamName,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(async move {
            let mut parked = self.store.parked_of(&self.lease_of(lease), stream, limit).await?;
            if self.is(Fault::ListsParkedBackwards) {
                parked.reverse();
            }
            Ok(parked)
        })
    }

    fn requested_streams<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        if self.is(Fault::RequestsEveryStream) {
            return self.store.parked_streams(lease);
        }
        self.store.requested_streams(lease)
    }

    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        Box::pin(async move {
            let mut wide = query.clone();
            if self.is(Fault::IgnoresPages) {
                wide.limit = u32::MAX;
            }
            let mut parked = self.store.parked(&wide).await?;
            if self.is(Fault::SplitsAPage) {
                parked.truncate(query.limit as usize);
            }
            Ok(parked)
        })
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
        Box::pin(async move {
            let mut records = self.store.consumers().await?;
            if self.is(Fault::HidesWhatComesNext) {
                let partitions = records.iter_mut().flat_map(|record| &mut record.partitions);
                partitions.for_each(|partition| partition.next_recorded_at = None);
            }
            if self.is(Fault::ForgetsFormerNames) {
                records.iter_mut().for_each(|record| record.former_names.clear());
            }
            Ok(records)
        })
    }

    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        if self.is(Fault::PausesNothing) {
            return Box::pin(async { Ok(true) });
        }
        self.store.pause(consumer, paused)
    }

    fn reset<'a>(
        &'a self,
        consumer: &'a str,
        start: Start,
        table: Option<&'a Table>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        if self.is(Fault::ResetsNothing) {
            return Box::pin(async { Ok(true) });
        }
        self.store.reset(consumer, start, table)
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            if self.is(Fault::EmptyAfterASwap) && self.is_broken() {
                self.set_broken(false);
                return Ok(Vec::new());
            }
            let mut rows = self.store.select(table, select).await?;
            if self.is(Fault::ReadsRowsBackwards) {
                rows.reverse();
            }
            Ok(rows)
        })
    }

    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.store.count(table, select)
    }
}
