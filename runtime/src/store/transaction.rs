//! Appends that join the caller's own transaction.

use super::append::{Append, Appended};
use super::error::{AppendError, StoreError};
use super::{BoxFuture, EventStore};

/// A store whose appends can join a transaction of the caller's: the events become visible when that commits, together with whatever else it
/// wrote, or never.
///
/// An open transaction that has appended locks its streams, so other appends to them wait for its end, and holds the feed back at the position
/// before its first event: keep it short.
pub trait TransactionalStore: EventStore {
    /// A transaction of the store. Dropping it rolls it back.
    type Transaction: Send + 'static;

    /// Begins a transaction.
    fn begin(&self) -> BoxFuture<'_, Result<Self::Transaction, StoreError>>;

    /// Appends within a transaction, all or nothing, as [`EventStore::append`] does. Later appends of the transaction see its events, everybody else does
    /// not before the commit.
    ///
    /// After [`AppendError::Conflict`], [`AppendError::DuplicateCommand`] and [`AppendError::Invalid`] the transaction goes on without this append; after
    /// [`AppendError::Store`], or when this future was dropped, it has to be rolled back.
    fn append_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        append: Append,
    ) -> BoxFuture<'a, Result<Appended, AppendError>>;

    /// Appends several times within a transaction, as [`append_in`](Self::append_in) does each: the answers are in the order of the appends. No two of them have a stream or a command in
    /// common. A store takes their streams in one order, whatever order they come in, so that two transactions that begin so do not wait for each other.
    ///
    /// After an error of the store the transaction has to be rolled back. Provided as one append after another, for stores that have no round trips to save.
    fn append_all_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        appends: &'a [&'a Append],
    ) -> BoxFuture<'a, Result<Vec<Result<Appended, AppendError>>, StoreError>> {
        Box::pin(async move {
            let mut order: Vec<usize> = (0..appends.len()).collect();
            order.sort_by_key(|nth| appends[*nth].streams.first().map(|target| &target.stream));
            let mut answers: Vec<_> = Vec::with_capacity(appends.len());
            for nth in order {
                match self.append_in(transaction, Append::clone(appends[nth])).await {
                    Err(AppendError::Store(error)) => return Err(error),
                    answer => answers.push((nth, answer)),
                }
            }
            answers.sort_unstable_by_key(|(nth, _)| *nth);
            Ok(answers.into_iter().map(|(_, answer)| answer).collect())
        })
    }

    /// Commits: after `Ok` everything that was appended is durable, and the feed delivers it.
    fn commit(&self, transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Commits a transaction that has done an append with events, given once more, and finds out by their ids what became of it when the connection dies at that: after `Ok` everything is
    /// durable; after [`StoreError::OutcomeUnknown`], which has their ids, it could not be found out in time; after any other error nothing is stored. Provided as
    /// [`commit`](Self::commit), for stores that have no connection.
    fn commit_append<'a>(
        &'a self,
        transaction: Self::Transaction,
        append: &'a Append,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let _: &Append = append;
        self.commit(transaction)
    }

    /// Rolls back: nothing of it stays but the positions that it drew, which nobody has.
    fn rollback(&self, transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>>;
}
