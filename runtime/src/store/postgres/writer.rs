//! One connection that appends, and finds out what became of an append when it dies.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use super::call::{self, Outcome, Session};
use super::connection::Connection;
use super::core::{Core, pause};
use super::error::{Failure, SharedError, read_error};
use super::ledger;
use super::recovery;
use crate::store::{Append, AppendError, Appended, BoxFuture, StoreError};

/// What a caller is told.
pub(super) type Answer = Result<Appended, AppendError>;

/// How often an append is tried that was turned back by others, or that is proven not to have been stored when its connection died.
const ATTEMPTS: u32 = 6;

/// How much longer than the server's own bound an answer is waited for before the connection is taken for dead.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Writer {
    core: Arc<Core>,
    connect: PgConnectOptions,
    connection: Option<Connection>,
}

impl Writer {
    /// A writer for everybody's appends: what waits longer than this for a lock is left to a patient one, so that nobody else does.
    pub(super) fn impatient(core: Arc<Core>) -> Self {
        let mut writer = Self::patient(core);
        writer.connect = writer.connect.options([("lock_timeout", "100")]);
        writer
    }

    /// A writer that waits for locks as long as a statement may take.
    pub(super) fn patient(core: Arc<Core>) -> Self {
        // See `Session::Writer`.
        let connect = core.connect.clone().options([("enable_seqscan", "off")]);
        Self { connect, core, connection: None }
    }

    /// Appends in as few transactions as it takes. No answer: blocked by a lock of somebody else's, nothing is stored.
    pub(super) async fn append(&mut self, appends: &[&Append]) -> Vec<Option<Answer>> {
        let mut answers: Vec<Option<Answer>> = appends.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..appends.len()).collect();
        for attempt in 0.. {
            let left: Vec<&Append> = open.iter().map(|&nth| appends[nth]).collect();
            let (error, backend) = match self.attempt(&left).await {
                Attempt::Done(outcomes) => {
                    for (nth, outcome) in open.into_iter().zip(outcomes) {
                        answers[nth] = Some(self.answer(outcome).await);
                    }
                    break;
                }
                Attempt::Unreachable(error) => {
                    let error = SharedError::new(error);
                    open.into_iter().for_each(|nth| answers[nth] = Some(Err(unavailable(&error))));
                    break;
                }
                Attempt::Failed(error) => (error, None),
                Attempt::Lost(error, backend) => (error, Some(backend)),
            };
            let error = SharedError::new(error);
            if let Some(backend) = backend {
                counter!("kenning_append_recoveries_total").increment(1);
                tracing::warn!(task = "appender", appends = left.len(), error = %error, "the connection died during an append: finding out what became of it");
                match recovery::find(&self.core, backend, &left).await {
                    Ok(found) => {
                        let mut absent = Vec::new();
                        for (nth, found) in open.into_iter().zip(found) {
                            match found {
                                Some(appended) => answers[nth] = Some(Ok(appended)),
                                None => absent.push(nth),
                            }
                        }
                        open = absent;
                    }
                    Err(why) => {
                        tracing::error!(task = "appender", error = %why, "what became of an append was not found out in time");
                        open.into_iter()
                            .for_each(|nth| answers[nth] = Some(Err(unknown(appends[nth], &error))));
                        break;
                    }
                }
                if open.is_empty() {
                    break;
                }
            }
            match error.failure() {
                Failure::TurnedBack | Failure::Lost if attempt + 1 < ATTEMPTS => {
                    counter!("kenning_append_retries_total").increment(1);
                    tokio::time::sleep(pause(attempt)).await;
                }
                Failure::Blocked if open.len() == 1 => break,
                // One of them is at fault, the others shall not suffer from it.
                Failure::Refused | Failure::TimedOut | Failure::Blocked if open.len() > 1 => {
                    for nth in open {
                        answers[nth] = self.append_one(appends[nth]).await.pop().flatten();
                    }
                    break;
                }
                _ => {
                    open.into_iter().for_each(|nth| answers[nth] = Some(Err(error.not_stored().into())));
                    break;
                }
            }
        }
        answers
    }

    fn append_one<'a>(&'a mut self, append: &'a Append) -> BoxFuture<'a, Vec<Option<Answer>>> {
        Box::pin(async move { self.append(&[append]).await })
    }

    /// Whatever the connection was doing, it does not do it any more: what became of it is found out.
    pub(super) async fn recover(&mut self, appends: &[&Append]) -> Vec<Answer> {
        let Some(connection) = self.connection.take() else {
            let error = SharedError::new(sqlx::Error::WorkerCrashed);
            return appends.iter().map(|append| Err(unknown(append, &error))).collect();
        };
        let backend = connection.backend;
        drop(connection);
        let found = recovery::find(&self.core, backend, appends).await;
        let error = SharedError::new(sqlx::Error::WorkerCrashed);
        match found {
            Ok(found) => found.into_iter().map(|found| found.ok_or_else(|| unavailable(&error))).collect(),
            Err(_) => appends.iter().map(|append| Err(unknown(append, &error))).collect(),
        }
    }

    async fn attempt(&mut self, appends: &[&Append]) -> Attempt {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => match Connection::open(&self.connect, &self.core.sql, self.core.options.acquire_timeout)
                .await
            {
                Ok(connection) => {
                    self.core.forget_watermark();
                    empty.insert(connection)
                }
                Err(error) => return Attempt::Unreachable(error),
            },
        };
        let backend = connection.backend;
        let call = call::append(&mut connection.inner, Session::Writer, &self.core.sql, appends);
        let done = tokio::time::timeout(self.core.options.statement_timeout + GRACE, call).await;
        match done.unwrap_or_else(|late| {
            Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late)))
        }) {
            Ok(outcomes) => Attempt::Done(outcomes),
            Err(error) if Failure::of(&error) == Failure::Lost => {
                self.connection = None;
                Attempt::Lost(error, backend)
            }
            Err(error) => Attempt::Failed(error),
        }
    }

    async fn answer(&mut self, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Appended(appended) => Ok(appended),
            Outcome::Conflict(conflict) => {
                counter!("kenning_append_conflicts_total").increment(1);
                Err(conflict.into())
            }
            Outcome::Duplicate(id) => match &mut self.connection {
                Some(connection) => Err(ledger::duplicate(&mut connection.inner, &self.core.sql, id).await),
                None => Err(read_error(sqlx::Error::WorkerCrashed).into()),
            },
        }
    }
}

enum Attempt {
    Done(Vec<Outcome>),
    /// There was no connection to send it on.
    Unreachable(sqlx::Error),
    /// The server rolled it back.
    Failed(sqlx::Error),
    /// The connection died, and it may have been done.
    Lost(sqlx::Error, super::connection::Backend),
}

fn unavailable(error: &SharedError) -> AppendError {
    StoreError::Unavailable(Box::new(error.clone())).into()
}

fn unknown(append: &Append, error: &SharedError) -> AppendError {
    let event_ids: Vec<Uuid> =
        append.streams.iter().flat_map(|target| &target.events).map(|event| event.id).collect();
    StoreError::OutcomeUnknown { event_ids, source: Box::new(error.clone()) }.into()
}
