//! What became of an append whose connection died (P2): found out, never guessed.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::connection::{Backend, Connection};
use super::core::{Core, pause};
use super::encode::{expect, position, version};
use super::error::SharedError;
use super::ledger;
use crate::clock;
use crate::number::Version;
use crate::store::{Append, Appended, AppendedTo, CommandRecord, Expect, StreamAppend};

/// A session that died during an append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) backend: Backend,
    /// A position that was drawn before the append.
    pub(super) after: i64,
}

/// Finds what became of each append that the server process may have been doing: `None` is proven not to be stored, and will not be.
///
/// First the process is ended and waited for: while it lives it may still commit. What it wrote is then visible or gone
/// for good. Ending it also ends its wait for a synchronous standby, so a barrier waits for the standby instead.
pub(super) async fn find(
    core: &Core,
    lost: Lost,
    appends: &[&Append],
) -> Result<Vec<Option<Appended>>, SharedError> {
    let deadline = clock::after(Instant::now(), core.options.recovery_timeout);
    let mut attempt = 0;
    loop {
        let found = timeout_at(deadline, find_once(core, lost, appends, deadline)).await;
        let error = match found {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => error,
            Err(_) => SharedError::new(core.server.unusable("no answer in time")),
        };
        tracing::warn!(task = "recovery", attempt, %error, "outcome of an append is not known yet");
        let pause = pause(attempt);
        if Instant::now() + pause >= deadline {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

async fn find_once(
    core: &Core,
    lost: Lost,
    appends: &[&Append],
    deadline: Instant,
) -> Result<Vec<Option<Appended>>, SharedError> {
    let left = deadline.saturating_duration_since(Instant::now());
    // A statement of its own timeout: one that hangs leaves time for another try. Plans never scan the table.
    let timeout = core.options.statement_timeout.min(core.options.recovery_timeout / 2);
    let connect = core.connect.clone().options([
        ("statement_timeout", timeout.as_millis().max(1).to_string()),
        ("enable_seqscan", "off".to_owned()),
        ("enable_bitmapscan", "off".to_owned()),
    ]);
    let connection = Connection::open(&core.server, &connect, core.options.acquire_timeout.min(left)).await;
    let mut connection = connection.map_err(SharedError::new)?;
    let found = read(core, &mut connection, lost, appends).await.map_err(SharedError::new)?;
    let left = deadline.saturating_duration_since(Instant::now());
    core.confirm_within(connection.timeline, left).await?;
    Ok(found)
}

async fn read(
    core: &Core,
    connection: &mut Connection,
    Lost { backend: old, after }: Lost,
    appends: &[&Append],
) -> Result<Vec<Option<Appended>>, sqlx::Error> {
    let mut polls = 0;
    // A server process leaves pg_stat_activity after it has ended its transaction.
    while sqlx::query(core.sql.terminate_backend.clone())
        .bind(old.pid)
        .bind(old.started)
        .fetch_optional(&mut connection.inner)
        .await?
        .is_some()
    {
        tokio::time::sleep(pause(polls)).await;
        polls += 1;
    }
    let targets = || appends.iter().flat_map(|append| &append.streams);
    let streams: Vec<&str> = targets().map(|target| target.stream.as_str()).collect();
    let mut transaction = sqlx::Connection::begin(&mut connection.inner).await?;
    let rows =
        sqlx::query(core.sql.stream_versions.clone()).bind(&streams).fetch_all(&mut *transaction).await?;
    let versions = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<Option<i64>, _>(1)?.unwrap_or(0))))
        .collect::<Result<Versions, sqlx::Error>>()?;
    let mut events = find_expected(core, &mut transaction, targets()).await?;
    let any = |target: &&StreamAppend| target.expect == Expect::Any && !target.events.is_empty();
    for target in targets().filter(any) {
        let last = versions.get(target.stream.as_str()).copied().unwrap_or(0);
        find_latest(core, &mut transaction, target, last, after, &mut events).await?;
    }
    let mut answers = Vec::with_capacity(appends.len());
    for append in appends {
        answers.push(match read_back(append, &events, &versions) {
            ReadBack::Found(appended) => Some(appended),
            ReadBack::Absent => None,
            ReadBack::Nothing => match &append.command {
                // Without an event and without a command there is nothing to be found, and nothing that doing it twice would do twice.
                None => None,
                Some(command) => ledger::find(&mut *transaction, &core.sql, command.command_id)
                    .await?
                    .filter(|record| record.body_hash == command.body_hash && record.events == 0)
                    .map(|record| without_events(append, &record, &versions)),
            },
        });
    }
    transaction.rollback().await?;
    Ok(answers)
}

/// What is at the versions that were to be written, where these are known.
async fn find_expected(
    core: &Core,
    connection: &mut PgConnection,
    targets: impl Iterator<Item = &StreamAppend>,
) -> Result<Events, sqlx::Error> {
    let (mut streams, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for target in targets.filter(|target| target.expect != Expect::Any && !target.events.is_empty()) {
        let events = i64::try_from(target.events.len()).unwrap_or(i64::MAX);
        streams.push(target.stream.as_str());
        first.push(expect(target.expect).saturating_add(1));
        last.push(expect(target.expect).saturating_add(events));
    }
    if streams.is_empty() {
        return Ok(Events::new());
    }
    let rows = sqlx::query(core.sql.find_written.clone()).bind(streams).bind(first).bind(last);
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| stored(row, 1)).collect()
}

/// Looks for the events of an append that expected nothing among the latest of its stream.
async fn find_latest(
    core: &Core,
    connection: &mut PgConnection,
    target: &StreamAppend,
    mut last: i64,
    after: i64,
    events: &mut Events,
) -> Result<(), sqlx::Error> {
    let mut missing: HashSet<Uuid> = target.events.iter().map(|event| event.id).collect();
    loop {
        let rows = sqlx::query(core.sql.find_latest.clone())
            .bind(target.stream.as_str())
            .bind(last)
            .bind(after)
            .fetch_all(&mut *connection)
            .await?;
        let Some(oldest) = rows.iter().map(|row| row.try_get(0)).reduce(|a, b| Ok(i64::min(a?, b?))) else {
            return Ok(());
        };
        last = oldest? - 1;
        for row in &rows {
            let (id, event) = stored(row, 0)?;
            if missing.remove(&id) {
                events.insert(id, event);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
    }
}

/// Events by their ids.
type Events = HashMap<Uuid, Stored>;

/// The versions of streams.
type Versions = HashMap<String, i64>;

/// An event as it was stored: version, position, time.
type Stored = (i64, i64, OffsetDateTime);

enum ReadBack {
    Found(Appended),
    Absent,
    /// It has no event by which it could be found.
    Nothing,
}

/// From columns of version, id, position and time.
fn stored(row: &PgRow, from: usize) -> Result<(Uuid, Stored), sqlx::Error> {
    Ok((row.try_get(from + 1)?, (row.try_get(from)?, row.try_get(from + 2)?, row.try_get(from + 3)?)))
}

fn read_back(append: &Append, events: &Events, versions: &Versions) -> ReadBack {
    let mut recorded_at = None;
    let mut streams = Vec::with_capacity(append.streams.len());
    for target in &append.streams {
        let mut at = None;
        let mut positions = Vec::with_capacity(target.events.len());
        for event in &target.events {
            // All or nothing: one that is missing says that none is there.
            let Some(&(number, place, time)) = events.get(&event.id) else { return ReadBack::Absent };
            (at, recorded_at) = (Some(number), Some(time));
            positions.push(position(place));
        }
        let version = at.map_or_else(|| looked_at(target, versions), version);
        streams.push(AppendedTo { stream: target.stream.clone(), version, positions });
    }
    recorded_at.map_or(ReadBack::Nothing, |recorded_at| ReadBack::Found(Appended { streams, recorded_at }))
}

fn without_events(append: &Append, record: &CommandRecord, versions: &Versions) -> Appended {
    let streams = append.streams.iter().map(|target| {
        let version =
            if target.stream == record.stream { record.version } else { looked_at(target, versions) };
        AppendedTo { stream: target.stream.clone(), version, positions: Vec::new() }
    });
    Appended { streams: streams.collect(), recorded_at: record.recorded_at }
}

/// The version of a stream that the append only looked at: the one expected, or else the one it has now.
fn looked_at(target: &StreamAppend, versions: &Versions) -> Version {
    match target.expect {
        Expect::Exactly(version) => version,
        Expect::New => Version::ZERO,
        Expect::Any => versions.get(target.stream.as_str()).copied().map_or(Version::ZERO, version),
    }
}
