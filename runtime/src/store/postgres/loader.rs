//! Rehydration: a lone load streams its rows, loads that arrive while others run are answered by one query.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgRow};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::core::Core;
use super::encode::number;
use super::error::{SharedError, read_error};
use super::losses::is_lost;
use super::row::{bytes_of, raw};
use crate::number::Version;
use crate::store::{RehydrateError, Visit};
use crate::stream::StreamName;

/// How many rows one query streams. A load that is given up leaves no more than these behind on its connection.
const PAGE: i64 = 8_192;

/// How many streams one query answers for.
const STREAMS: usize = 256;

/// How many rows of each stream. Further rows are streamed.
const ROWS: usize = 128;

/// How many bytes of payloads one grouped query reads. What is missing after that is streamed.
const BYTES: usize = 16 << 20;

/// How many grouped queries run at once. One that is slow leaves the others to those who come later.
const GROUPS: usize = 4;

/// How long a load waits for the lone one before it to end. The lone load runs in its caller's future, which the caller
/// may not poll.
const PATIENCE: Duration = Duration::from_millis(2);

/// How much longer than a statement may take a grouped query is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How often a load continues after its connection was found dead.
const RECONNECTS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Loader {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A caller loads by itself, or has stopped to poll that.
    lone: bool,
    /// How many grouped queries are under way.
    groups: usize,
    /// A task waits to begin the next group.
    timer: bool,
    waiting: Vec<Request>,
    /// How many bytes a row of a group had, about.
    row_bytes: usize,
}

#[derive(Debug)]
struct Request {
    stream: StreamName,
    after: Version,
    reply: oneshot::Sender<Result<Rows, SharedError>>,
}

/// The first rows of a stream.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<PgRow>,
    /// The stream may have more.
    more: bool,
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
            Entered::Alone(_alone) => return load(core, stream, after, visit).await,
            Entered::Waiting(rows) => rows,
        };
        // The task that answers was lost with its error logged: load alone.
        let Ok(rows) = rows.await else { return load(core, stream, after, visit).await };
        let Rows { rows, more } = rows.map_err(|error| error.not_stored())?;
        let mut reached = after;
        for row in &rows {
            reached = show(stream, row, visit)?;
        }
        drop(rows);
        if more { load(core, stream, reached, visit).await } else { Ok(reached) }
    }

    fn enter(self: &Arc<Self>, core: &Arc<Core>, stream: &StreamName, after: Version) -> Entered {
        let mut state = self.state();
        let runtime = Handle::try_current();
        if !state.lone && state.groups == 0 {
            state.lone = true;
            return Entered::Alone(Alone { loader: Arc::clone(self), core: Arc::clone(core) });
        }
        let (reply, rows) = oneshot::channel();
        state.waiting.push(Request { stream: stream.clone(), after, reply });
        // Without a runtime the request is dropped, and its caller loads alone.
        let Ok(runtime) = runtime else {
            state.waiting.clear();
            return Entered::Waiting(rows);
        };
        if !state.timer && state.groups < GROUPS {
            state.timer = true;
            let (loader, core) = (Arc::clone(self), Arc::clone(core));
            runtime.spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                loader.state().timer = false;
                loader.dispatch(&core);
            });
        }
        Entered::Waiting(rows)
    }

    /// Begins a group with the loads that wait, if there is room for one more.
    fn dispatch(self: &Arc<Self>, core: &Arc<Core>) {
        let mut state = self.state();
        if state.waiting.is_empty() || state.groups >= GROUPS {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            // Dropped where no task can be started: those who wait load alone.
            state.waiting.clear();
            return;
        };
        let most = state.waiting.len().min(STREAMS);
        let requests: Vec<Request> = state.waiting.drain(..most).collect();
        state.groups += 1;
        let group = Group { loader: Arc::clone(self), core: Arc::clone(core) };
        let row_bytes = state.row_bytes;
        drop(state);
        runtime.spawn(async move {
            if let Some(row_bytes) = load_many(&group.core, requests, row_bytes).await {
                group.loader.state().row_bytes = row_bytes;
            }
            drop(group);
        });
    }
}

enum Entered {
    Alone(Alone),
    Waiting(oneshot::Receiver<Result<Rows, SharedError>>),
}

/// Loading by oneself. Loads that arrive meanwhile are begun when it ends, however it ends, or after a short time.
struct Alone {
    loader: Arc<Loader>,
    core: Arc<Core>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.loader.state().lone = false;
        self.loader.dispatch(&self.core);
    }
}

/// A grouped query under way.
struct Group {
    loader: Arc<Loader>,
    core: Arc<Core>,
}

impl Drop for Group {
    fn drop(&mut self) {
        self.loader.state().groups -= 1;
        self.loader.dispatch(&self.core);
    }
}

/// Answers the requests by one query, and says how many bytes its rows had.
async fn load_many(core: &Core, requests: Vec<Request>, row_bytes: usize) -> Option<usize> {
    let at_most = core.options.statement_timeout.saturating_add(GRACE);
    let mut found = tokio::time::timeout(at_most, query_many(core, &requests, row_bytes)).await;
    if matches!(&found, Ok(Err(error)) if is_lost(error)) {
        core.losses.note();
        found = tokio::time::timeout(at_most, query_many(core, &requests, row_bytes)).await;
    }
    let found = found.unwrap_or_else(|_| {
        core.losses.note();
        Err(core.server.unusable("no answer in time"))
    });
    // A requester that is gone needs no answer.
    match found {
        Ok((answers, bytes)) => {
            let rows: usize = answers.iter().map(|answer| answer.rows.len()).sum();
            requests.into_iter().zip(answers).for_each(|(request, rows)| drop(request.reply.send(Ok(rows))));
            (rows > 0).then(|| bytes / rows)
        }
        Err(error) => {
            let error = match error {
                error @ sqlx::Error::PoolTimedOut => core.why_no_connection(error).await,
                error => error,
            };
            let error = SharedError::new(error);
            requests.into_iter().for_each(|request| drop(request.reply.send(Err(error.clone()))));
            None
        }
    }
}

async fn query_many(
    core: &Core,
    requests: &[Request],
    row_bytes: usize,
) -> Result<(Vec<Rows>, usize), sqlx::Error> {
    let mut answers: Vec<Rows> = requests.iter().map(|_| Rows::default()).collect();
    // Where rows are large, fewer of them are asked for.
    let most = (BYTES / (requests.len() * row_bytes.max(1)).max(1)).clamp(1, ROWS);
    let mut connection = core.pool.acquire().await?;
    let mut bytes = 0;
    let whole = {
        let mut rows = sqlx::query(core.sql.rehydrate_many.clone())
            .bind(requests.iter().map(|request| request.stream.as_str()).bind_iter())
            .bind(requests.iter().map(|request| number(request.after.get())).bind_iter())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch(&mut *connection);
        loop {
            let Some(row) = rows.try_next().await? else { break true };
            bytes += bytes_of(&row, 3)?.len();
            let nth: i64 = row.try_get(4)?;
            let answer = usize::try_from(nth - 1).ok().and_then(|nth| answers.get_mut(nth));
            let answer = answer.ok_or_else(|| sqlx::Error::Protocol(format!("a row for request {nth}")))?;
            answer.rows.push(row);
            if bytes > BYTES {
                break false;
            }
        }
    };
    if !whole {
        // The rest would have to be read by whoever has the connection next.
        connection.close_on_drop();
    }
    for answer in &mut answers {
        answer.more = !whole || answer.rows.len() >= most;
    }
    Ok((answers, bytes))
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
                    // It continues after what was shown.
                    Err(error) if is_lost(&error) && lost < RECONNECTS => {
                        core.losses.note();
                        lost += 1;
                        continue 'pages;
                    }
                    Err(error @ sqlx::Error::PoolTimedOut) => {
                        return Err(read_error(core.why_no_connection(error).await).into());
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
