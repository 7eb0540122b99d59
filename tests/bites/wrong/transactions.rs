//! Transactions, with their faults.

use std::time::Duration;

use kenning::store::{
    Append, AppendError, Appended, BoxFuture, Conflict, EventStore, Expect, MemoryTransaction, StoreError,
    TransactionalStore,
};

use super::{Wrong, contention};
use crate::bites::fault::Fault;

impl Wrong {
    async fn append_in_wrongly(
        &self,
        transaction: &mut MemoryTransaction,
        append: Append,
    ) -> Result<Appended, AppendError> {
        match self.fault {
            Fault::AppendsOutside => return self.store.append(append).await,
            Fault::ConflictEndsTheTransaction if self.is_broken() => return Err(contention().into()),
            Fault::IdleTransactionsHoldTheFeed if append.events() == 0 => self.set_broken(true),
            Fault::IsBlindToOwnAppends => {
                for target in &append.streams {
                    let actual = self.version(&target.stream).await;
                    if !target.expect.allows(actual) && target.expect != Expect::Any {
                        let (stream, expected) = (target.stream.clone(), target.expect);
                        return Err(Conflict { stream, expected, actual }.into());
                    }
                }
            }
            _ => {}
        }
        let appending = self.store.append_in(transaction, append);
        let answer = if self.is(Fault::FailsInsteadOfWaiting) {
            tokio::time::timeout(Duration::from_millis(20), appending).await.map_err(|_| contention())?
        } else {
            appending.await
        };
        match answer {
            Err(AppendError::Conflict(conflict)) => {
                self.set_broken(self.is(Fault::ConflictEndsTheTransaction));
                Err(conflict.into())
            }
            Err(AppendError::Store(StoreError::Contention(_))) if self.is(Fault::DeadlocksAreFinal) => {
                Err(StoreError::Unsuitable("a deadlock".to_owned()).into())
            }
            answer => answer,
        }
    }
}

impl TransactionalStore for Wrong {
    type Transaction = MemoryTransaction;

    fn begin(&self) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        self.store.begin()
    }

    fn append_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        append: Append,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        Box::pin(self.append_in_wrongly(transaction, append))
    }

    fn append_all_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        appends: &'a [&'a Append],
    ) -> BoxFuture<'a, Result<Vec<Result<Appended, AppendError>>, StoreError>> {
        Box::pin(async move {
            let first = |append: &&Append| append.streams.first().map(|target| target.stream.to_string());
            let mut sorted = appends.to_vec();
            sorted.sort_by_key(first);
            match self.fault {
                Fault::AnswersInTheOrderOfStreams => self.store.append_all_in(transaction, &sorted).await,
                Fault::HasRoomFor500Appends if appends.len() > 500 => Err(StoreError::Overloaded),
                Fault::TurnsOppositeOrdersBack if !appends.iter().map(first).is_sorted() => Err(contention()),
                _ => self.store.append_all_in(transaction, appends).await,
            }
        })
    }

    fn commit(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.is(Fault::CommitRollsBack) {
            return self.store.rollback(transaction);
        }
        Box::pin(async move {
            match self.store.commit(transaction).await {
                Err(_) if self.is(Fault::ReportsLostBatchesAsStored) => Ok(()),
                answer => answer,
            }
        })
    }

    fn rollback(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.is(Fault::RollbackCommits) {
            return self.store.commit(transaction);
        }
        self.store.rollback(transaction)
    }
}
