//! One connection that appends, and finds out what became of an append when it dies.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;
use uuid::Uuid;

use super::call::{self, Outcome, Session};
use super::connection::Connection;
use super::core::{Core, pause};
use super::error::{Failure, SharedError, read_error};
use super::ledger;
use super::realign;
use super::recovery::{self, Lost};
use crate::store::{Append, AppendError, Appended, BoxFuture, StoreError, Timeline};

/// What a caller is told.
pub(super) type Answer = Result<Appended, AppendError>;

/// How often an append is tried that was turned back by others, or that is proven not to have been stored when its connection died.
const ATTEMPTS: u32 = 6;

/// How much longer than the server's own bound an answer is waited for before the connection is taken for dead.
const GRACE: Duration = Duration::from_secs(5);

/// How often a locked table is looked at before its appends are put aside: about half a minute.
const TABLE_LOOKS: u32 = 40;

/// A commit that took longer than this may have been waiting for a standby until an operator ended the wait, which the
/// server answers with success.
pub(super) const SLOW: Duration = Duration::from_millis(200);

/// An append to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'a> {
    pub(super) append: &'a Append,
    /// The timeline that it was decided on. On another one it is not written.
    pub(super) timeline: Option<Timeline>,
}

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

    /// Appends in as few transactions as it takes. No answer: blocked by a lock of another transaction, nothing is
    /// stored.
    pub(super) async fn append(&mut self, writes: &[Write<'_>]) -> Vec<Option<Answer>> {
        let mut answers: Vec<Option<Answer>> = writes.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..writes.len()).collect();
        for attempt in 0.. {
            let timeline = match self.connect().await {
                Ok(timeline) => timeline,
                Err(error) => {
                    open.into_iter().for_each(|nth| answers[nth] = Some(Err(error.unreachable().into())));
                    break;
                }
            };
            open.retain(|&nth| {
                let over = writes[nth].timeline.is_some_and(|decided_on| decided_on != timeline);
                if over {
                    answers[nth] = Some(Err(StoreError::timeline_over().into()));
                }
                !over
            });
            if open.is_empty() {
                break;
            }
            let left: Vec<&Append> = open.iter().map(|&nth| writes[nth].append).collect();
            let (error, lost) = match self.attempt(&left).await {
                Attempt::Done(outcomes) => {
                    for (nth, outcome) in open.into_iter().zip(outcomes) {
                        answers[nth] = Some(self.answer(timeline, outcome).await);
                    }
                    break;
                }
                Attempt::Failed(error) => (error, None),
                Attempt::Lost(error, lost) => (error, Some(lost)),
            };
            let error = SharedError::new(error);
            if let Some(lost) = lost {
                counter!("kenning_append_recoveries_total").increment(1);
                tracing::warn!(task = "appender", appends = left.len(), %error, "connection died during an append: looking up the outcome");
                match recovery::find(&self.core, lost, &left).await {
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
                        tracing::error!(task = "appender", error = %why, "outcome of an append was not found in time");
                        open.into_iter().for_each(|nth| {
                            answers[nth] = Some(Err(unknown(writes[nth].append, &error)));
                        });
                        break;
                    }
                }
                if open.is_empty() {
                    break;
                }
            }
            match error.failure() {
                Failure::TurnedBack | Failure::Lost | Failure::ReadOnly if attempt + 1 < ATTEMPTS => {
                    counter!("kenning_append_retries_total").increment(1);
                    tokio::time::sleep(pause(attempt)).await;
                }
                Failure::PositionTaken if attempt + 1 < ATTEMPTS => {
                    counter!("kenning_append_retries_total").increment(1);
                    self.raise_positions().await;
                }
                Failure::Blocked => {
                    if self.wait_for_table().await {
                        continue;
                    }
                    if open.len() == 1 {
                        break;
                    }
                    // Halves find the locked streams in a few short waits. The others are written meanwhile.
                    self.hurry(true).await;
                    for half in open.chunks(open.len().div_ceil(2)) {
                        let half_writes: Vec<Write<'_>> = half.iter().map(|&nth| writes[nth]).collect();
                        for (&nth, answer) in half.iter().zip(self.append_some(&half_writes).await) {
                            answers[nth] = answer;
                        }
                    }
                    self.hurry(false).await;
                    break;
                }
                // One of them is at fault, the others shall not suffer from it.
                Failure::Refused | Failure::TimedOut if open.len() > 1 => {
                    for nth in open {
                        answers[nth] = self.append_some(&[writes[nth]]).await.pop().flatten();
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

    fn append_some<'a>(&'a mut self, writes: &'a [Write<'a>]) -> BoxFuture<'a, Vec<Option<Answer>>> {
        Box::pin(self.append(writes))
    }

    /// Waits while the whole table is locked: then no append can be written, and looking for locked streams finds all.
    /// `false`: it is not.
    async fn wait_for_table(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let sql = &self.core.sql;
        let mut waited = false;
        for attempt in 0..TABLE_LOOKS {
            let look = sqlx::query_scalar::<_, bool>(sql.is_table_locked.clone());
            match look.fetch_one(&mut connection.inner).await {
                Ok(true) => {}
                Ok(false) => return waited,
                Err(error) => {
                    tracing::debug!(%error, "it is not known whether the table of events is locked");
                    return waited;
                }
            }
            waited = true;
            tokio::time::sleep(pause(attempt)).await;
        }
        // Its callers have waited for long enough.
        false
    }

    /// Waits less for locks, or as at first again.
    async fn hurry(&mut self, hurry: bool) {
        let Some(connection) = &mut self.connection else { return };
        let set = if hurry { "set lock_timeout = 10" } else { "set lock_timeout = 100" };
        if let Err(error) = sqlx::query(set).execute(&mut connection.inner).await {
            tracing::debug!(%error, "the time to wait for locks could not be set");
            self.connection = None;
        }
    }

    /// The sequence handed out positions that are taken. A restore of the data alone leaves it behind.
    async fn raise_positions(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(error) = realign::raise_positions(&mut connection.inner, &self.core.sql).await {
            tracing::error!(task = "appender", %error, "sequence of positions is behind the events and could not be raised");
            self.connection = None;
        }
    }

    /// Whatever the connection was doing, it does not do it any more: what became of it is found out.
    pub(super) async fn recover(&mut self, appends: &[&Append]) -> Vec<Answer> {
        let Some(connection) = self.connection.take() else {
            let error = SharedError::new(sqlx::Error::WorkerCrashed);
            return appends.iter().map(|append| Err(unknown(append, &error))).collect();
        };
        let lost = Lost { backend: connection.backend, after: connection.highest };
        drop(connection);
        let found = recovery::find(&self.core, lost, appends).await;
        let error = SharedError::new(sqlx::Error::WorkerCrashed);
        match found {
            Ok(found) => found.into_iter().map(|found| found.ok_or_else(|| unavailable(&error))).collect(),
            Err(_) => appends.iter().map(|append| Err(unknown(append, &error))).collect(),
        }
    }

    /// Makes sure that there is a connection to the server of the present timeline, and says which that is.
    async fn connect(&mut self) -> Result<Timeline, SharedError> {
        let core = &self.core;
        if let Some(connection) = &self.connection
            && connection.timeline == core.timeline()
        {
            return Ok(connection.timeline);
        }
        self.connection = None;
        let opened = Connection::open(&core.server, &self.connect, core.options.acquire_timeout).await;
        let connection = opened.map_err(SharedError::new)?;
        let timeline = connection.timeline;
        if connection.replicated {
            // What this session reads becomes answers, as a conflict or a duplicate.
            core.confirm(timeline).await?;
        }
        self.connection = Some(connection);
        Ok(timeline)
    }

    async fn attempt(&mut self, appends: &[&Append]) -> Attempt {
        let Some(connection) = &mut self.connection else {
            return Attempt::Failed(sqlx::Error::PoolTimedOut);
        };
        let lost = Lost { backend: connection.backend, after: connection.highest };
        let timeline = connection.timeline;
        let began = Instant::now();
        let call = call::append(&mut connection.inner, Session::Writer, &self.core.sql, appends);
        let done =
            tokio::time::timeout(self.core.options.statement_timeout.saturating_add(GRACE), call).await;
        let done = done.unwrap_or_else(|late| {
            Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late)))
        });
        match done {
            Ok(outcomes) => {
                if began.elapsed() >= SLOW
                    && outcomes.iter().any(Outcome::is_written)
                    && let Err(error) = self.core.confirm(timeline).await
                {
                    self.connection = None;
                    return Attempt::Lost(self.core.server.unusable(error), lost);
                }
                self.saw(timeline, appends, &outcomes);
                Attempt::Done(outcomes)
            }
            Err(error) if Failure::of(&error) == Failure::Lost => {
                self.connection = None;
                Attempt::Lost(error, lost)
            }
            Err(error) => {
                if Failure::of(&error) == Failure::ReadOnly {
                    self.core.losses.note();
                    self.connection = None;
                }
                Attempt::Failed(error)
            }
        }
    }

    /// Remembers the last event, by which a restore to an earlier time is noticed and recovery knows where to look.
    fn saw(&mut self, timeline: Timeline, appends: &[&Append], outcomes: &[Outcome]) {
        let Some(connection) = &mut self.connection else { return };
        let lasts = appends.iter().zip(outcomes).filter_map(|(append, outcome)| outcome.last_event(append));
        if let Some((position, event_id)) = lasts.max() {
            connection.highest = connection.highest.max(position);
            self.core.server.saw(timeline, position, event_id);
        }
    }

    async fn answer(&mut self, timeline: Timeline, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Appended(appended) => Ok(appended),
            Outcome::Conflict(conflict) => {
                counter!("kenning_append_conflicts_total").increment(1);
                Err(conflict.into())
            }
            Outcome::Duplicate(id) => match &mut self.connection {
                Some(connection) => {
                    let answer = ledger::duplicate(&mut connection.inner, &self.core.sql, id).await;
                    // The first answer was given, or is still waited for: it must not be lost after this one.
                    self.core.confirm(timeline).await.map_err(|error| error.unreachable())?;
                    Err(answer)
                }
                None => Err(read_error(sqlx::Error::WorkerCrashed).into()),
            },
        }
    }
}

enum Attempt {
    Done(Vec<Outcome>),
    /// The server rolled it back.
    Failed(sqlx::Error),
    /// The connection died, and it may have been done.
    Lost(sqlx::Error, Lost),
}

fn unavailable(error: &SharedError) -> AppendError {
    error.unreachable().into()
}

fn unknown(append: &Append, error: &SharedError) -> AppendError {
    let event_ids: Vec<Uuid> =
        append.streams.iter().flat_map(|target| &target.events).map(|event| event.id).collect();
    StoreError::OutcomeUnknown { event_ids, source: Box::new(error.clone()) }.into()
}
