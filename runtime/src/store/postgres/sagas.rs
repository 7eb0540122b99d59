//! Sagas: instances, their logs, what is left for them, and who runs them.

mod argument;
mod claim;
mod deliver;
mod hand;
mod history;
mod lost;
mod operate;
mod record;
mod start;
mod worker;
mod write;

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgTransaction;
use uuid::Uuid;

pub(super) use self::lost::LostClaims;
use super::PostgresStore;
use crate::store::{
    BoxFuture, Delivery, HeldSagas, NewDelivery, NewSaga, SagaAdvance, SagaClaim, SagaClaims, SagaCounts,
    SagaDefinitionRecord, SagaDeliveries, SagaForgotten, SagaHand, SagaQuery, SagaRecord, SagaRenewal,
    SagaRequest, SagaStart, SagaStarts, SagaStore, SagaWhole, SagaWorker, SagaWrite, SagaWritten, StoreError,
};

impl SagaStore for PostgresStore {
    fn start_sagas<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        sagas: &'a [NewSaga],
    ) -> BoxFuture<'a, Result<Vec<bool>, StoreError>> {
        Box::pin(start::start_in(self.core(), transaction, sagas))
    }

    fn start_saga<'a>(&'a self, saga: &'a NewSaga) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { start::start(self.open()?, saga).await })
    }

    fn deliver_to_sagas<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        deliveries: &'a [NewDelivery],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StoreError>> {
        Box::pin(deliver::deliver(self.core(), transaction, deliveries))
    }

    fn gives_sagas(&self) -> bool {
        true
    }

    fn start_sagas_for<'a>(
        &'a self,
        hand: SagaHand,
        starts: &'a [SagaStart],
    ) -> BoxFuture<'a, Result<SagaStarts, StoreError>> {
        Box::pin(async move { hand::start_alone(self.open()?, hand, starts).await })
    }

    fn start_sagas_for_in<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        hand: SagaHand,
        starts: &'a [SagaStart],
    ) -> BoxFuture<'a, Result<SagaStarts, StoreError>> {
        Box::pin(hand::start_in(self.core(), transaction, hand, starts))
    }

    fn hold_sagas<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        instances: &'a [(Arc<str>, Arc<str>)],
    ) -> BoxFuture<'a, Result<HeldSagas, StoreError>> {
        Box::pin(hand::hold(self.core(), transaction, instances))
    }

    fn deliver_to_sagas_for<'a>(
        &'a self,
        transaction: &'a mut PgTransaction<'static>,
        hand: SagaHand,
        deliveries: &'a [NewDelivery],
        advances: &'a [SagaAdvance],
    ) -> BoxFuture<'a, Result<SagaDeliveries, StoreError>> {
        Box::pin(hand::deliver(self.core(), transaction, hand, deliveries, advances))
    }

    fn lose_sagas(&self, hand: SagaHand) {
        self.core().lost_claims.lose(hand.worker, hand.claim);
    }

    fn enlist_saga_worker<'a>(&'a self, worker: &'a SagaWorker) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { worker::enlist(self.open()?, worker).await })
    }

    fn renew_saga_worker<'a>(
        &'a self,
        worker: &'a SagaWorker,
    ) -> BoxFuture<'a, Result<SagaRenewal, StoreError>> {
        Box::pin(async { worker::renew(self.open()?, worker).await })
    }

    fn retire_saga_worker(&self, worker: Uuid) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { worker::retire(self.open()?, worker).await })
    }

    fn take_over_sagas(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async { worker::take_over(self.open()?).await })
    }

    fn claim_sagas<'a>(&'a self, claim: &'a SagaClaim) -> BoxFuture<'a, Result<SagaClaims, StoreError>> {
        Box::pin(async { claim::claim(self.open()?, claim).await })
    }

    fn write_sagas<'a>(
        &'a self,
        writes: &'a [SagaWrite],
    ) -> BoxFuture<'a, Result<Vec<SagaWritten>, StoreError>> {
        Box::pin(async { write::write(self.open()?, writes).await })
    }

    fn saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>> {
        Box::pin(operate::find(self.core(), saga, id))
    }

    fn sagas<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>> {
        Box::pin(operate::list(self.core(), query))
    }

    fn request_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { operate::request(self.open()?, saga, id, request).await })
    }

    fn count_sagas(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>> {
        Box::pin(operate::count(self.core()))
    }

    fn are_sagas_busy<'a>(&'a self, sagas: &'a [&'a str]) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(operate::are_busy(self.core(), sagas))
    }

    fn prune_sagas(&self, age: Duration, most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { operate::prune(self.open()?, age, most).await })
    }

    fn forget_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<SagaForgotten, StoreError>> {
        Box::pin(async move { operate::forget(self.open()?, saga, id).await })
    }

    fn save_saga_definition<'a>(
        &'a self,
        definition: &'a SagaDefinitionRecord,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { operate::save_definition(self.open()?, definition).await })
    }

    fn saga_definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>> {
        Box::pin(operate::definitions(self.core(), saga))
    }
}
