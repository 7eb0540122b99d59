//! The memory store as it runs sagas.

use std::time::Duration;

use uuid::Uuid;

#[cfg(feature = "testing")]
use super::Writing;
use super::sagas::SagaBatch;
use super::{MemoryStore, MemoryTransaction};
use crate::store::{
    BoxFuture, Delivery, NewDelivery, NewSaga, SagaClaim, SagaClaims, SagaCounts, SagaDefinitionRecord,
    SagaForgotten, SagaQuery, SagaRecord, SagaRenewal, SagaRequest, SagaStore, SagaWhole, SagaWorker,
    SagaWrite, SagaWritten, StoreError, Wakeup,
};

impl SagaStore for MemoryStore {
    /// A transaction in memory locks no rows: of two that start one instance, the commit of the second fails, and it may be done again.
    fn start_sagas<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        sagas: &'a [NewSaga],
    ) -> BoxFuture<'a, Result<Vec<bool>, StoreError>> {
        Box::pin(async move {
            let batch = transaction.sagas()?;
            let mut log = self.shared.log();
            let stored = &log.available()?.sagas;
            Ok(sagas.iter().map(|new| batch.start(stored, new)).collect())
        })
    }

    fn start_saga<'a>(&'a self, saga: &'a NewSaga) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let stored = &mut log.available()?.sagas;
            let mut batch = SagaBatch::default();
            let is_new = batch.start(stored, saga);
            batch.check(stored)?;
            batch.apply(stored, self.shared.clock.now());
            drop(log);
            self.shared.due.wake();
            Ok(is_new)
        })
    }

    fn deliver_to_sagas<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        deliveries: &'a [NewDelivery],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StoreError>> {
        Box::pin(async move {
            let batch = transaction.sagas()?;
            let mut log = self.shared.log();
            let stored = &log.available()?.sagas;
            Ok(deliveries.iter().map(|new| batch.deliver(stored, new)).collect())
        })
    }

    fn saga_wakeup(&self) -> Option<Wakeup> {
        Some(self.shared.due.listen())
    }

    fn enlist_saga_worker<'a>(&'a self, worker: &'a SagaWorker) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.sagas.enlist(worker, self.shared.clock.now());
            Ok(())
        })
    }

    fn renew_saga_worker<'a>(
        &'a self,
        worker: &'a SagaWorker,
    ) -> BoxFuture<'a, Result<SagaRenewal, StoreError>> {
        Box::pin(
            async move { Ok(self.shared.log().available()?.sagas.renew(worker, self.shared.clock.now())) },
        )
    }

    fn retire_saga_worker(&self, worker: Uuid) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.sagas.retire(worker, self.shared.clock.now());
            self.shared.due.wake();
            Ok(())
        })
    }

    fn take_over_sagas(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let freed = self.shared.log().available()?.sagas.take_over(self.shared.clock.now());
            if freed > 0 {
                self.shared.due.wake();
            }
            Ok(freed)
        })
    }

    fn claim_sagas<'a>(&'a self, claim: &'a SagaClaim) -> BoxFuture<'a, Result<SagaClaims, StoreError>> {
        Box::pin(async move {
            let claims = self.shared.log().available()?.sagas.claim(claim, self.shared.clock.now());
            #[cfg(feature = "testing")]
            self.after(Writing::Claim(&claims.claimed)).await;
            Ok(claims)
        })
    }

    fn write_sagas<'a>(
        &'a self,
        writes: &'a [SagaWrite],
    ) -> BoxFuture<'a, Result<Vec<SagaWritten>, StoreError>> {
        Box::pin(async move {
            #[cfg(feature = "testing")]
            self.before(Writing::Sagas(writes, &[])).await;
            let written: Vec<_> = {
                let mut log = self.shared.log();
                let (sagas, now) = (&mut log.available()?.sagas, self.shared.clock.now());
                writes.iter().map(|write| sagas.write(write, now)).collect()
            };
            if written.iter().any(|written| matches!(written, SagaWritten::Done { released: true, .. })) {
                self.shared.due.wake();
            }
            #[cfg(feature = "testing")]
            self.after(Writing::Sagas(writes, &written)).await;
            Ok(written)
        })
    }

    fn saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.sagas.whole(saga, id)) })
    }

    fn sagas<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.sagas.list(query, self.shared.clock.now())) })
    }

    fn request_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let sagas = &mut log.available()?.sagas;
            let is_there = sagas.request(saga, id, request, self.shared.clock.now());
            drop(log);
            self.shared.due.wake();
            Ok(is_there)
        })
    }

    fn count_sagas(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.sagas.counts()) })
    }

    fn are_sagas_busy<'a>(&'a self, sagas: &'a [&'a str]) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut log = self.shared.log();
            let (stored, now) = (&log.available()?.sagas, self.shared.clock.now());
            Ok(sagas.iter().any(|saga| stored.is_busy(saga, now)))
        })
    }

    fn prune_sagas(&self, age: Duration, most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(
            async move { Ok(self.shared.log().available()?.sagas.prune(age, most, self.shared.clock.now())) },
        )
    }

    fn forget_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<SagaForgotten, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.sagas.forget(saga, id)) })
    }

    fn save_saga_definition<'a>(
        &'a self,
        definition: &'a SagaDefinitionRecord,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.sagas.save(definition, self.shared.clock.now());
            Ok(())
        })
    }

    fn saga_definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>> {
        Box::pin(async move {
            Ok(self.shared.log().available()?.sagas.definitions(saga, self.shared.clock.now()))
        })
    }
}
