//! What became of an append whose connection died (P2): found out, never guessed.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::connection::{Backend, Connection};
use super::core::{Core, pause};
use super::encode::{position, version};
use super::ledger;
use crate::number::Version;
use crate::store::{Append, Appended, AppendedTo, CommandRecord, Expect, StreamAppend};

/// Finds what became of each append that the server process may have been doing: `None` is proven not to be stored, and will not be.
///
/// First the process is ended and waited for: while it lives it may still commit. What it wrote is then visible or gone for good.
pub(super) async fn find(
    core: &Core,
    backend: Backend,
    appends: &[&Append],
) -> Result<Vec<Option<Appended>>, sqlx::Error> {
    let deadline = Instant::now() + core.options.recovery_timeout;
    let mut attempt = 0;
    loop {
        let found = timeout_at(deadline, find_once(core, backend, appends)).await;
        let error = match found {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        tracing::warn!(task = "recovery", attempt, error = %error, "the outcome of an append is not known yet");
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
    old: Backend,
    appends: &[&Append],
) -> Result<Vec<Option<Appended>>, sqlx::Error> {
    let mut connection = Connection::open(&core.connect, &core.sql, core.options.acquire_timeout).await?;
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
    let streams: Vec<&str> =
        appends.iter().flat_map(|append| &append.streams).map(|target| target.stream.as_str()).collect();
    let ids: Vec<Uuid> = appends
        .iter()
        .flat_map(|append| &append.streams)
        .flat_map(|target| &target.events)
        .map(|event| event.id)
        .collect();
    let mut transaction = sqlx::Connection::begin(&mut connection.inner).await?;
    let rows =
        sqlx::query(core.sql.stream_versions.clone()).bind(&streams).fetch_all(&mut *transaction).await?;
    let versions = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<Option<i64>, _>(1)?.unwrap_or(0))))
        .collect::<Result<Versions, sqlx::Error>>()?;
    let rows = sqlx::query(core.sql.find_events.clone())
        .bind(&streams)
        .bind(&ids)
        .fetch_all(&mut *transaction)
        .await?;
    let events = rows.iter().map(found).collect::<Result<HashMap<_, _>, _>>()?;
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

fn found(row: &PgRow) -> Result<(Uuid, Stored), sqlx::Error> {
    Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)))
}

fn read_back(append: &Append, events: &HashMap<Uuid, Stored>, versions: &Versions) -> ReadBack {
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
