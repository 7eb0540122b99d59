//! Rehydration: a lone load streams its rows, what arrives while another load runs is answered by one query.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt as _;
use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgRow};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::core::Core;
use super::encode::number;
use super::error::{SharedError, read_error};
use super::losses::is_lost;
use super::row::raw;
use crate::number::Version;
use crate::store::{RehydrateError, Visit};
use crate::stream::StreamName;

/// How many rows one query streams. A load that is given up leaves no more than these behind on its connection.
const PAGE: i64 = 8_192;

/// How many streams one query answers for.
const STREAMS: usize = 256;

/// How many rows of each. What a stream has beyond is streamed.
const ROWS: usize = 128;

/// How often a load goes on after its connection was found dead.
const RECONNECTS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Loader {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    busy: bool,
    waiting: Vec<Request>,
}

#[derive(Debug)]
struct Request {
    stream: StreamName,
    after: Version,
    reply: oneshot::Sender<Result<Vec<PgRow>, SharedError>>,
}

impl Loader {
    // Never held over an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn rehydrate(
        self: &Arc<Self>,
        core: &Arc<Core>,
        stream: &StreamName,
        after: Version,
        visit: &mut Visit<'_>,
    ) -> Result<Version, RehydrateError> {
        let rows = match self.enter(core, stream, after) {
            Entered::Alone(_turn) => return load(core, stream, after, visit).await,
            Entered::Waiting(rows) => rows,
        };
        // The task that answers was lost with its error logged: load alone.
        let Ok(rows) = rows.await else { return load(core, stream, after, visit).await };
        let rows = rows.map_err(|error| error.not_stored())?;
        let mut reached = after;
        for row in &rows {
            reached = show(stream, row, visit)?;
        }
        if rows.len() < ROWS {
            return Ok(reached);
        }
        load(core, stream, reached, visit).await
    }

    fn enter(self: &Arc<Self>, core: &Arc<Core>, stream: &StreamName, after: Version) -> Entered {
        let mut state = self.state();
        if !state.busy {
            state.busy = true;
            return Entered::Alone(Turn { loader: Arc::clone(self), core: Arc::clone(core) });
        }
        let (reply, rows) = oneshot::channel();
        state.waiting.push(Request { stream: stream.clone(), after, reply });
        Entered::Waiting(rows)
    }
}

enum Entered {
    Alone(Turn),
    Waiting(oneshot::Receiver<Result<Vec<PgRow>, SharedError>>),
}

/// Being the one who loads. Whoever arrived meanwhile is served when it ends, however it ends.
struct Turn {
    loader: Arc<Loader>,
    core: Arc<Core>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.loader.state();
        if state.waiting.is_empty() {
            state.busy = false;
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            // Dropped where no task can be started: whoever waits loads alone.
            state.busy = false;
            state.waiting.clear();
            return;
        };
        let most = state.waiting.len().min(STREAMS);
        let requests: Vec<Request> = state.waiting.drain(..most).collect();
        drop(state);
        let next = Turn { loader: Arc::clone(&self.loader), core: Arc::clone(&self.core) };
        runtime.spawn(async move {
            load_many(&next.core, requests).await;
            drop(next);
        });
    }
}

async fn load_many(core: &Core, requests: Vec<Request>) {
    let query = || {
        sqlx::query(core.sql.rehydrate_many.clone())
            .bind(requests.iter().map(|request| request.stream.as_str()).bind_iter())
            .bind(requests.iter().map(|request| number(request.after.get())).bind_iter())
            .bind(ROWS as i64)
            .fetch_all(&core.pool)
    };
    let mut rows = query().await;
    if rows.as_ref().is_err_and(is_lost) {
        core.losses.note();
        rows = query().await;
    }
    let answers = rows.and_then(|rows| {
        let mut answers: Vec<Vec<PgRow>> = requests.iter().map(|_| Vec::new()).collect();
        for row in rows {
            let nth: i64 = row.try_get(4)?;
            let answer = usize::try_from(nth - 1).ok().and_then(|nth| answers.get_mut(nth));
            answer.ok_or_else(|| sqlx::Error::Protocol(format!("a row for request {nth}")))?.push(row);
        }
        Ok(answers)
    });
    // A requester that is gone needs no answer.
    match answers {
        Ok(answers) => {
            requests.into_iter().zip(answers).for_each(|(request, rows)| drop(request.reply.send(Ok(rows))));
        }
        Err(error) => {
            let error = SharedError::new(error);
            requests.into_iter().for_each(|request| drop(request.reply.send(Err(error.clone()))));
        }
    }
}

/// Streams a load: the server prints rows while those before are decoded.
async fn load(
    core: &Core,
    stream: &StreamName,
    after: Version,
    visit: &mut Visit<'_>,
) -> Result<Version, RehydrateError> {
    let (mut reached, mut lost) = (after, 0);
    'pages: loop {
        let mut seen = 0;
        {
            let mut rows = sqlx::query(core.sql.rehydrate_one.clone())
                .bind(stream.as_str())
                .bind(number(reached.get()))
                .bind(PAGE)
                .fetch(&core.pool);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => reached = show(stream, &row, visit)?,
                    Ok(None) => break,
                    // What was shown was shown: it goes on behind that.
                    Err(error) if is_lost(&error) && lost < RECONNECTS => {
                        core.losses.note();
                        lost += 1;
                        continue 'pages;
                    }
                    Err(error) => return Err(read_error(error).into()),
                }
                seen += 1;
            }
        }
        if seen < PAGE {
            return Ok(reached);
        }
    }
}

fn show(stream: &StreamName, row: &PgRow, visit: &mut Visit<'_>) -> Result<Version, RehydrateError> {
    let event = raw(row)?;
    let version = event.version;
    visit(event).map_err(|source| RehydrateError::Decode { stream: stream.clone(), version, source })?;
    Ok(version)
}
