//! Appends that join the caller's transaction.

use metrics::counter;
use sqlx::PgConnection;
use sqlx::postgres::{PgTransaction, Postgres};
use tokio::time::Instant;
use uuid::Uuid;

use super::PostgresStore;
use super::begin;
use super::call::{self, Outcome, Session};
use super::connection::Backend;
use super::consumers::error::error as of_consumer;
use super::core::Core;
use super::error::{Failure, SharedError, read_error};
use super::ledger;
use super::recovery::{self, Lost};
use super::writer::SLOW;
use crate::store::{Append, AppendError, Appended, BoxFuture, StoreError, Timeline, TransactionalStore};

impl PostgresStore {
    /// Appends within a transaction of the caller's, all or nothing: the events become visible when it commits, together with whatever else it wrote.
    ///
    /// It locks the streams and holds the feed back until its end: keep it short. After [`AppendError::Conflict`], [`AppendError::DuplicateCommand`] and
    /// [`AppendError::Invalid`] the transaction goes on without this append; after [`AppendError::Store`] it has to be rolled back. Readers hear of it with
    /// [`wake`](Self::wake), or by the next append, or when they poll.
    ///
    /// # Errors
    /// As [`EventStore::append`](crate::store::EventStore::append).
    pub async fn append_in(
        &self,
        transaction: &mut PgTransaction<'_>,
        append: Append,
    ) -> Result<Appended, AppendError> {
        append.check()?;
        append_in(self.core(), transaction, &append).await
    }
}

async fn append_in(
    core: &Core,
    connection: &mut PgConnection,
    append: &Append,
) -> Result<Appended, AppendError> {
    match append_many(core, connection, &[append]).await?.into_iter().next() {
        Some(outcome) => answer(core, connection, outcome).await,
        None => Err(StoreError::Corrupt("an append function gives no answer".to_owned()).into()),
    }
}

async fn append_many(
    core: &Core,
    connection: &mut PgConnection,
    appends: &[&Append],
) -> Result<Vec<Outcome>, StoreError> {
    let outcomes = call::append(connection, Session::Caller, &core.sql, appends).await;
    // Nothing of a transaction that is still open is stored, whatever happened to its connection.
    outcomes.map_err(|error| SharedError::new(error).not_stored())
}

async fn answer(
    core: &Core,
    connection: &mut PgConnection,
    outcome: Outcome,
) -> Result<Appended, AppendError> {
    match outcome {
        Outcome::Appended(appended) => Ok(appended),
        Outcome::Conflict(conflict) => Err(conflict.into()),
        Outcome::Duplicate(id) => Err(ledger::duplicate(connection, &core.sql, id).await),
    }
}

async fn append_all_in(
    core: &Core,
    connection: &mut PgConnection,
    appends: &[&Append],
) -> Result<Vec<Result<Appended, AppendError>>, StoreError> {
    let mut answers: Vec<_> = appends.iter().map(|append| Some(Err(append.check().err()?.into()))).collect();
    let mut valid: Vec<usize> = (0..appends.len()).filter(|nth| answers[*nth].is_none()).collect();
    // From call to call as within one.
    valid.sort_by_key(|nth| appends[*nth].streams.first().map(|target| &target.stream));
    let mut rest = valid.as_slice();
    while !rest.is_empty() {
        let (part, others) = rest.split_at(fitting(core, appends, rest));
        let called: Vec<_> = part.iter().map(|nth| appends[*nth]).collect();
        let outcomes = append_many(core, connection, &called).await?;
        for (nth, outcome) in part.iter().zip(outcomes) {
            answers[*nth] = match answer(core, connection, outcome).await {
                Err(AppendError::Store(error)) => return Err(error),
                answer => Some(answer),
            };
        }
        rest = others;
    }
    let missing = || StoreError::Corrupt("an append function gives no answer".to_owned());
    answers.into_iter().map(|answer| answer.ok_or_else(missing)).collect()
}

/// How many of these appends one call takes.
fn fitting(core: &Core, appends: &[&Append], places: &[usize]) -> usize {
    let most = &core.options;
    let (mut events, mut bytes) = (0, 0);
    let fits = |nth: &&usize| {
        events += appends[**nth].events();
        bytes += appends[**nth].bytes();
        events <= most.batch_events && bytes <= most.batch_bytes
    };
    places.iter().take(most.batch_appends).take_while(fits).count().max(1)
}

impl TransactionalStore for PostgresStore {
    type Transaction = sqlx::Transaction<'static, Postgres>;

    fn begin(&self) -> BoxFuture<'_, Result<Self::Transaction, StoreError>> {
        Box::pin(async { begin::begin(self.pool(), None).await.map_err(read_error) })
    }

    fn append_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        append: Append,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        Box::pin(self.append_in(transaction, append))
    }

    fn append_all_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        appends: &'a [&'a Append],
    ) -> BoxFuture<'a, Result<Vec<Result<Appended, AppendError>>, StoreError>> {
        Box::pin(append_all_in(self.core(), transaction, appends))
    }

    fn commit(&self, mut transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // The server answers the COMMIT of a failed transaction with success and rolls back: a statement before it fails.
            sqlx::query("select 1").execute(&mut *transaction).await.map_err(read_error)?;
            let commit = Commit::new(self.core());
            match transaction.commit().await {
                Ok(()) => {
                    self.wake();
                    commit.confirm(Vec::new()).await
                }
                Err(error) if Failure::of(&error) == Failure::Lost => {
                    Err(StoreError::OutcomeUnknown { event_ids: Vec::<Uuid>::new(), source: Box::new(error) })
                }
                Err(error) => Err(read_error(error)),
            }
        })
    }

    fn commit_append<'a>(
        &'a self,
        mut transaction: Self::Transaction,
        append: &'a Append,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let core = self.core();
            // Also the statement that fails in a transaction that has failed before.
            let row = sqlx::query(core.sql.identify_backend.clone()).fetch_one(&mut *transaction).await;
            let backend =
                row.and_then(|row| Backend::of(&row)).map_err(|failed| of_consumer(core, failed))?;
            let commit = Commit::new(core);
            match transaction.commit().await {
                Ok(()) => {
                    core.wake();
                    commit.confirm(event_ids(append)).await
                }
                Err(error) if Failure::of(&error) == Failure::Lost => {
                    find(core, Lost { backend, after: 0 }, append, error).await
                }
                Err(refused) => Err(of_consumer(core, refused)),
            }
        })
    }

    fn rollback(&self, transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { transaction.rollback().await.map_err(read_error) })
    }
}

fn event_ids(append: &Append) -> Vec<Uuid> {
    append.streams.iter().flat_map(|target| &target.events).map(|event| event.id).collect()
}

/// A commit under way.
struct Commit<'a> {
    core: &'a Core,
    timeline: Timeline,
    began: Instant,
}

impl<'a> Commit<'a> {
    fn new(core: &'a Core) -> Self {
        Self { core, timeline: core.timeline(), began: Instant::now() }
    }

    /// After a slow success: an operator may have ended the wait for a standby.
    async fn confirm(self, event_ids: Vec<Uuid>) -> Result<(), StoreError> {
        if self.began.elapsed() < SLOW {
            return Ok(());
        }
        let confirmed = self.core.confirm(self.timeline).await;
        confirmed.map_err(|why| StoreError::OutcomeUnknown { event_ids, source: Box::new(why) })
    }
}

/// What became of an append whose connection died at the commit.
async fn find(core: &Core, lost: Lost, append: &Append, error: sqlx::Error) -> Result<(), StoreError> {
    core.losses.note();
    counter!("kenning_append_recoveries_total").increment(1);
    tracing::warn!(error = %error, "the connection died at the commit of an append: finding out what became of it");
    let found = recovery::find(core, lost, &[append]).await;
    let source = Box::new(SharedError::new(error));
    match found {
        Ok(found) if found.iter().all(Option::is_some) => {
            core.wake();
            Ok(())
        }
        Ok(_) => Err(StoreError::Unavailable(source)),
        Err(why) => {
            tracing::error!(error = %why, "what became of an append was not found out in time");
            Err(StoreError::OutcomeUnknown { event_ids: event_ids(append), source })
        }
    }
}
