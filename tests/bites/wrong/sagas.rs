//! The store of sagas, with its faults.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kenning::store::{
    BoxFuture, Delivery, MemoryTransaction, NewDelivery, NewSaga, SagaClaim, SagaClaims, SagaCounts,
    SagaDefinitionRecord, SagaForgotten, SagaMessage, SagaQuery, SagaRecord, SagaRenewal, SagaRequest,
    SagaStatus, SagaStore, SagaWhole, SagaWorker, SagaWrite, SagaWritten, StoreError, TransactionalStore,
};
use uuid::Uuid;

use super::saga_writes::first;
use super::{Wrong, contention};
use crate::bites::fault::Fault;

impl Wrong {
    /// Messages as the wrong store reads them.
    fn read_messages(&self, messages: &mut Vec<SagaMessage>) {
        match self.fault {
            Fault::ClaimsWithoutMessages => messages.clear(),
            Fault::ForgetsTexts => messages.iter_mut().for_each(|message| message.text = None),
            _ => {}
        }
    }

    async fn start_all(
        &self,
        transaction: &mut MemoryTransaction,
        sagas: &[NewSaga],
    ) -> Result<Vec<bool>, StoreError> {
        match self.fault {
            Fault::StartsOutside => {
                let mut answers = Vec::new();
                for saga in sagas {
                    answers.push(self.store.start_saga(saga).await?);
                }
                Ok(answers)
            }
            Fault::StartsAtMost500 => {
                let mut answers = self.store.start_sagas(transaction, &sagas[..sagas.len().min(500)]).await?;
                answers.resize(sagas.len(), true);
                Ok(answers)
            }
            Fault::StartsAgain => {
                self.store.start_sagas(transaction, sagas).await?;
                Ok(vec![true; sagas.len()])
            }
            _ => self.store.start_sagas(transaction, sagas).await,
        }
    }

    async fn deliver_all(
        &self,
        transaction: &mut MemoryTransaction,
        deliveries: &[NewDelivery],
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut deliveries = deliveries.to_vec();
        match self.fault {
            Fault::ForgetsEarlyEvents => deliveries.iter_mut().for_each(|one| one.keep = false),
            Fault::DeliversTwice => deliveries.iter_mut().for_each(|one| one.event_id = Uuid::now_v7()),
            Fault::KeepsEarlyEventsTwice => {
                for one in deliveries.iter_mut().filter(|one| one.keep) {
                    one.event_id = Uuid::now_v7();
                }
            }
            Fault::DeliversAtMost500 => {
                let some = &deliveries[..deliveries.len().min(500)];
                let mut answers = self.store.deliver_to_sagas(transaction, some).await?;
                answers.resize(deliveries.len(), Delivery::Left);
                return Ok(answers);
            }
            Fault::DeliversOutside => {
                let mut own = self.store.begin().await?;
                let answers = self.store.deliver_to_sagas(&mut own, &deliveries).await?;
                self.store.commit(own).await?;
                return Ok(answers);
            }
            Fault::WakesNoInstance => return Ok(vec![Delivery::Left; deliveries.len()]),
            Fault::EventsSkipParkedInstances => return Ok(vec![Delivery::Ended; deliveries.len()]),
            _ => {}
        }
        let mut answers = self.store.deliver_to_sagas(transaction, &deliveries).await?;
        if self.is(Fault::HidesThatEventsAreLate) {
            answers.iter_mut().filter(|one| **one == Delivery::Late).for_each(|one| *one = Delivery::Left);
        }
        Ok(answers)
    }

    async fn claim(&self, claim: &SagaClaim) -> Result<SagaClaims, StoreError> {
        let mut claim = claim.clone();
        match self.fault {
            Fault::IgnoresRoom => claim.wanted.iter_mut().for_each(|wanted| wanted.room = 1_000),
            Fault::ClaimsEveryDefinition => {
                let all = first(1_000);
                let known = self.store.sagas(&all).await?;
                for wanted in &mut claim.wanted {
                    let of = known.iter().filter(|record| record.saga == wanted.saga);
                    wanted.definitions = of.map(|record| record.definition).collect();
                }
            }
            Fault::ClaimsWithoutALease => {
                let definitions = Vec::new();
                let duration = Duration::from_secs(60);
                let worker = SagaWorker { worker: claim.worker, duration, definitions };
                self.store.enlist_saga_worker(&worker).await?;
            }
            Fault::ClaimsOnlyBetweenTransactions if self.count.load(Ordering::SeqCst) > 1 => {
                return Err(contention());
            }
            _ => {}
        }
        let mut claims = self.store.claim_sagas(&claim).await?;
        for claimed in &mut claims.claimed {
            self.read_messages(&mut claimed.messages);
            if self.is(Fault::KeepsTheEpoch) {
                claimed.record.epoch = 1;
            }
        }
        match self.fault {
            Fault::ClaimsTheYoungestFirst if self.next() == 0 => {
                // The oldest is passed over once.
                let started = |record: &SagaRecord| record.started_at;
                let all = first(1_000);
                let mut all = self.store.sagas(&all).await?;
                all.sort_by_key(|record| std::cmp::Reverse(started(record)));
                for (claimed, record) in claims.claimed.iter_mut().zip(all) {
                    claimed.record.id = record.id;
                }
            }
            Fault::HidesWhatIsDueNext => claims.next_due = None,
            Fault::ClaimsTwice if claims.claimed.is_empty() && self.next() == 0 => {
                let all = first(1);
                let owned = self.store.sagas(&all).await?;
                claims.claimed.extend(owned.into_iter().map(|record| {
                    let record = SagaRecord { owner: Some(claim.worker), due_at: None, ..record };
                    kenning::store::ClaimedSaga {
                        record,
                        log: Vec::new(),
                        messages: Vec::new(),
                        unread: false,
                    }
                }));
            }
            _ => {}
        }
        Ok(claims)
    }
}

impl SagaStore for Wrong {
    fn start_sagas<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        sagas: &'a [NewSaga],
    ) -> BoxFuture<'a, Result<Vec<bool>, StoreError>> {
        Box::pin(self.start_all(transaction, sagas))
    }

    fn start_saga<'a>(&'a self, saga: &'a NewSaga) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut saga = saga.clone();
            if self.is(Fault::DropsTheCause) {
                saga.causation_id = None;
            }
            let is_new = self.store.start_saga(&saga).await?;
            Ok(is_new || self.is(Fault::StartsAgain))
        })
    }

    fn deliver_to_sagas<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        deliveries: &'a [NewDelivery],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StoreError>> {
        Box::pin(self.deliver_all(transaction, deliveries))
    }

    fn enlist_saga_worker<'a>(&'a self, worker: &'a SagaWorker) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.enlist_saga_worker(worker)
    }

    fn renew_saga_worker<'a>(
        &'a self,
        worker: &'a SagaWorker,
    ) -> BoxFuture<'a, Result<SagaRenewal, StoreError>> {
        Box::pin(async move {
            if self.is(Fault::RenewsNothing) {
                return Ok(SagaRenewal { alive: true, messages: Vec::new() });
            }
            let mut renewal = self.store.renew_saga_worker(worker).await?;
            renewal.alive |= self.is(Fault::RenewsTheDead);
            if self.is(Fault::HidesMessagesFromOwners) {
                renewal.messages.clear();
            }
            Ok(renewal)
        })
    }

    fn retire_saga_worker(&self, worker: Uuid) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.is(Fault::RetiresNobody) {
            return Box::pin(async { Ok(()) });
        }
        self.store.retire_saga_worker(worker)
    }

    fn take_over_sagas(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        if self.is(Fault::TakesNothingOver) {
            return Box::pin(async { Ok(0) });
        }
        self.store.take_over_sagas()
    }

    fn claim_sagas<'a>(&'a self, claim: &'a SagaClaim) -> BoxFuture<'a, Result<SagaClaims, StoreError>> {
        Box::pin(self.claim(claim))
    }

    fn write_sagas<'a>(
        &'a self,
        writes: &'a [SagaWrite],
    ) -> BoxFuture<'a, Result<Vec<SagaWritten>, StoreError>> {
        Box::pin(self.write_all(writes))
    }

    fn saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>> {
        Box::pin(async move {
            let mut whole = self.store.saga(saga, id).await?;
            if let Some(whole) = &mut whole {
                self.read_messages(&mut whole.messages);
                if self.is(Fault::LosesTheLastEntry) {
                    whole.log.pop();
                }
            }
            Ok(whole)
        })
    }

    fn sagas<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>> {
        Box::pin(async move {
            let mut query = query.clone();
            match self.fault {
                Fault::ListsFromTheBeginning if self.next() < 20 => query.after = None,
                Fault::IgnoresTheStatus => query.status = None,
                Fault::IgnoresTheAge => query.older_than = None,
                _ => {}
            }
            let mut records = self.store.sagas(&query).await?;
            if self.is(Fault::ListsWithoutOrder) {
                records.reverse();
            }
            Ok(records)
        })
    }

    fn request_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.is(Fault::RequestsAreLost) {
                return Ok(true);
            }
            let found = self.store.request_saga(saga, id, request).await?;
            match self.fault {
                Fault::AsksAfterTheEnd => Ok(false),
                Fault::KeepsRequestsForLater => Ok(true),
                _ => Ok(found),
            }
        })
    }

    fn count_sagas(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>> {
        Box::pin(async move {
            let mut counts = self.store.count_sagas().await?;
            if self.is(Fault::CountsWhatIsRunningOnly) {
                counts.retain(|(_, status, _)| *status == SagaStatus::Running);
            }
            Ok(counts)
        })
    }

    fn are_sagas_busy<'a>(&'a self, sagas: &'a [&'a str]) -> BoxFuture<'a, Result<bool, StoreError>> {
        if self.is(Fault::IsNeverBusy) {
            return Box::pin(async { Ok(false) });
        }
        self.store.are_sagas_busy(sagas)
    }

    fn prune_sagas(&self, age: Duration, most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        if self.is(Fault::PrunesNothing) {
            return Box::pin(async { Ok(0) });
        }
        self.store.prune_sagas(age, most)
    }

    fn forget_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<SagaForgotten, StoreError>> {
        if self.is(Fault::ForgetsNothing) {
            return Box::pin(async { Ok(SagaForgotten::Forgotten) });
        }
        self.store.forget_saga(saga, id)
    }

    fn save_saga_definition<'a>(
        &'a self,
        definition: &'a SagaDefinitionRecord,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.store.save_saga_definition(definition).await?;
            if self.is(Fault::KeepsTheLastDefinition) {
                let mut last = self.descriptions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                last.insert((definition.saga.clone(), definition.definition), definition.description.clone());
            }
            Ok(())
        })
    }

    fn saga_definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>> {
        Box::pin(async move {
            let mut known = self.store.saga_definitions(saga).await?;
            for record in &mut known {
                record.live |= self.is(Fault::AllDefinitionsLive);
                let last = self.descriptions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(description) = last.get(&(record.saga.clone(), record.definition)) {
                    record.description.clone_from(description);
                }
            }
            Ok(known)
        })
    }
}
