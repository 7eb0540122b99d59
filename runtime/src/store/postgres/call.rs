//! The calls of the two append functions.

use sqlx::postgres::{PgBindIterExt, PgRow};
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::encode::{Json, expect, headers, number, position, version};
use super::sql::Sql;
use crate::number::{Position, Version};
use crate::store::{Append, Appended, AppendedTo, Conflict, Expect, NewEvent, StreamAppend};

const APPENDED: i16 = 0;
const CONFLICT: i16 = 1;
const DUPLICATE: i16 = 2;

/// What became of one append of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    Appended(Appended),
    Conflict(Conflict),
    Duplicate(Uuid),
}

impl Outcome {
    /// Whether something was stored.
    pub(super) fn is_written(&self) -> bool {
        matches!(self, Self::Appended(_))
    }

    /// The position of the last event that was stored, and its id.
    pub(super) fn last_event(&self, append: &Append) -> Option<(i64, Uuid)> {
        let Self::Appended(appended) = self else { return None };
        let last = |(target, written): (&StreamAppend, &AppendedTo)| {
            Some((number(written.position()?.get()), target.events.last()?.id))
        };
        append.streams.iter().zip(&appended.streams).filter_map(last).max()
    }
}

/// Whose connection a call is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// A writer's, which is set up so that no plan scans the table, also none that was made when it was small.
    Writer,
    /// A caller's, of which nothing is known. The functions see to their plans by themselves.
    Caller,
}

/// Appends in one round trip; the outcomes are in the order of the appends. No two of them have a stream or a command in common.
pub(super) async fn append(
    connection: &mut PgConnection,
    session: Session,
    sql: &Sql,
    appends: &[&Append],
) -> Result<Vec<Outcome>, sqlx::Error> {
    if let [append] = appends
        && let [target] = append.streams.as_slice()
        && let [event] = target.events.as_slice()
    {
        return Ok(vec![append_event(connection, session, sql, append, target, event).await?]);
    }
    Batch::of(appends).append(connection, sql).await
}

async fn append_event(
    connection: &mut PgConnection,
    session: Session,
    sql: &Sql,
    append: &Append,
    target: &StreamAppend,
    event: &NewEvent,
) -> Result<Outcome, sqlx::Error> {
    let headers = headers(&event.headers)?;
    let command = append.command.as_ref();
    // The statement adds to what is expected; beyond the last version only the function can answer.
    let adds = target.expect != Expect::Any && expect(target.expect) < i64::MAX;
    if session == Session::Writer && command.is_none() && adds {
        let row = sqlx::query(sql.insert_event.clone())
            .bind(target.stream.as_str())
            .bind(expect(target.expect))
            .bind(event.id)
            .bind(&*event.name)
            .bind(event.schema_version.cast_signed())
            .bind(Json::of(&event.payload))
            .bind(event.correlation_id)
            .bind(event.causation_id)
            .bind(headers.as_deref().map(Json::text))
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            return appended(target, row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        }
    }
    let row = sqlx::query(sql.append_event.clone())
        .bind(target.stream.as_str())
        .bind(expect(target.expect))
        .bind(event.id)
        .bind(&*event.name)
        .bind(event.schema_version.cast_signed())
        .bind(Json::of(&event.payload))
        .bind(event.correlation_id)
        .bind(event.causation_id)
        .bind(headers.as_deref().map(Json::text))
        .bind(command.map(|command| command.command_id))
        .bind(command.map(|command| command.body_hash.as_slice()))
        .fetch_one(connection)
        .await?;
    match row.try_get(0)? {
        APPENDED => appended(target, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?),
        CONFLICT => Ok(conflict(target, version(row.try_get(1)?))),
        DUPLICATE => duplicate(append),
        other => Err(unknown(other)),
    }
}

fn appended(
    target: &StreamAppend,
    number: i64,
    place: i64,
    recorded_at: OffsetDateTime,
) -> Result<Outcome, sqlx::Error> {
    let (stream, positions) = (target.stream.clone(), vec![position(place)]);
    let streams = vec![AppendedTo { stream, version: version(number), positions }];
    Ok(Outcome::Appended(Appended { streams, recorded_at }))
}

/// A stream of an append: the place of both.
#[derive(Clone, Copy, Debug)]
struct Target {
    append: usize,
    nth: usize,
}

/// Many appends, their targets in the order in which every session locks streams.
struct Batch<'a> {
    appends: &'a [&'a Append],
    targets: Vec<Target>,
    /// By append and stream, the place in `targets`.
    places: Vec<usize>,
    /// By append, where its streams begin in `places`.
    starts: Vec<usize>,
}

impl<'a> Batch<'a> {
    fn of(appends: &'a [&'a Append]) -> Self {
        let mut starts = Vec::with_capacity(appends.len());
        let mut targets = Vec::with_capacity(appends.len());
        for (append, each) in appends.iter().enumerate() {
            starts.push(targets.len());
            targets.extend((0..each.streams.len()).map(|nth| Target { append, nth }));
        }
        // As the collation "C" sorts: by bytes.
        targets.sort_unstable_by_key(|target| appends[target.append].streams[target.nth].stream.as_str());
        let mut places = vec![0; targets.len()];
        for (place, target) in targets.iter().enumerate() {
            places[starts[target.append] + target.nth] = place;
        }
        Self { appends, targets, places, starts }
    }

    fn streams(&self) -> impl Iterator<Item = &'a StreamAppend> {
        self.targets.iter().map(|target| &self.appends[target.append].streams[target.nth])
    }

    /// The place of the target from 1, the number of the event in it from 1, the event.
    fn events(&self) -> impl Iterator<Item = (i32, i32, &'a NewEvent)> {
        (1_i32..).zip(self.streams()).flat_map(|(place, target)| {
            (1_i32..).zip(&target.events).map(move |(number, event)| (place, number, event))
        })
    }

    async fn append(&self, connection: &mut PgConnection, sql: &Sql) -> Result<Vec<Outcome>, sqlx::Error> {
        let kinds = Kinds::of(self.events().map(|(.., event)| event));
        // What no event has is not sent.
        let having = |has: fn(&NewEvent) -> bool| {
            let events = if self.events().any(|(.., event)| has(event)) { usize::MAX } else { 0 };
            self.events().take(events).map(|(.., event)| event)
        };
        let headers = having(|event| !event.headers.is_empty())
            .map(|event| headers(&event.headers))
            .collect::<Result<Vec<_>, _>>()?;
        // With the target and how many events it has.
        let mut commands: Vec<_> = (0..self.appends.len())
            .filter_map(|nth| {
                let command = self.appends[nth].command.as_ref()?;
                Some((
                    command,
                    index(self.places[self.starts[nth]] + 1),
                    count(self.appends[nth].streams.first()?),
                ))
            })
            .collect();
        commands.sort_unstable_by_key(|(command, ..)| command.command_id);
        let row = sqlx::query(sql.append_events.clone())
            .bind(index(self.appends.len()))
            .bind(self.streams().map(|target| target.stream.as_str()).bind_iter())
            .bind(self.streams().map(|target| expect(target.expect)).bind_iter())
            .bind(self.targets.iter().map(|target| index(target.append + 1)).bind_iter())
            .bind(self.events().map(|(place, ..)| place).bind_iter())
            .bind(self.events().map(|(_, number, _)| number).bind_iter())
            .bind(kinds.of_events.as_slice())
            .bind(kinds.kinds.iter().map(|(name, _)| *name).bind_iter())
            .bind(kinds.kinds.iter().map(|(_, schema_version)| schema_version.cast_signed()).bind_iter())
            .bind(self.events().map(|(.., event)| event.id).bind_iter())
            .bind(self.events().map(|(.., event)| Json::of(&event.payload)).bind_iter())
            .bind(
                having(|event| event.correlation_id.is_some()).map(|event| event.correlation_id).bind_iter(),
            )
            .bind(having(|event| event.causation_id.is_some()).map(|event| event.causation_id).bind_iter())
            .bind(headers.iter().map(|headers| headers.as_deref().map(Json::text)).bind_iter())
            .bind(commands.iter().map(|(command, ..)| command.command_id).bind_iter())
            .bind(commands.iter().map(|(_, target, _)| *target).bind_iter())
            .bind(commands.iter().map(|(.., events)| *events).bind_iter())
            .bind(commands.iter().map(|(command, ..)| command.body_hash.as_slice()).bind_iter())
            .fetch_one(connection)
            .await?;
        self.outcomes(&row)
    }

    fn outcomes(&self, row: &PgRow) -> Result<Vec<Outcome>, sqlx::Error> {
        let outcomes: Vec<i16> = row.try_get(0)?;
        let versions: Vec<i64> = row.try_get(1)?;
        let positions: Option<Vec<Option<i64>>> = row.try_get(2)?;
        let recorded_at: OffsetDateTime = row.try_get(3)?;
        let positions = positions.unwrap_or_default();
        if outcomes.len() != self.appends.len() || versions.len() != self.targets.len() {
            return Err(sqlx::Error::Protocol("append_events answers another question".to_owned()));
        }
        // Where the events of each target begin among all events.
        let firsts: Vec<usize> = self
            .streams()
            .scan(0, |next, target| Some(std::mem::replace(next, *next + target.events.len())))
            .collect();
        let outcome = |(nth, (&append, &outcome)): (usize, (&&Append, &i16))| {
            let start = self.starts[nth];
            let places = &self.places[start..start + append.streams.len()];
            match outcome {
                APPENDED => {
                    let appended = |(target, &place): (&StreamAppend, &usize)| {
                        let mine = firsts[place]..firsts[place] + target.events.len();
                        AppendedTo {
                            stream: target.stream.clone(),
                            version: version(versions[place]).plus(target.events.len() as u64),
                            positions: drawn(positions.get(mine).unwrap_or_default()),
                        }
                    };
                    let streams = append.streams.iter().zip(places).map(appended).collect();
                    Ok(Outcome::Appended(Appended { streams, recorded_at }))
                }
                CONFLICT => append
                    .streams
                    .iter()
                    .zip(places)
                    .map(|(target, &place)| (target, version(versions[place])))
                    .find(|(target, actual)| !target.expect.allows(*actual))
                    .map(|(target, actual)| conflict(target, actual))
                    .ok_or_else(|| unknown(CONFLICT)),
                DUPLICATE => duplicate(append),
                other => Err(unknown(other)),
            }
        };
        self.appends.iter().zip(&outcomes).enumerate().map(outcome).collect()
    }
}

/// How far back a kind of event is looked for among those that came before.
const NEAR: usize = 16;

/// The names and schema versions of events, each sent once, or again where many others have come between.
struct Kinds<'a> {
    kinds: Vec<(&'a str, u32)>,
    /// By event, the place in `kinds` from 1.
    of_events: Vec<i32>,
}

impl<'a> Kinds<'a> {
    fn of(events: impl Iterator<Item = &'a NewEvent>) -> Self {
        let mut kinds: Vec<(&str, u32)> = Vec::new();
        let place = |event: &'a NewEvent| {
            let kind = (&*event.name, event.schema_version);
            match kinds.iter().rev().take(NEAR).position(|known| *known == kind) {
                Some(back) => index(kinds.len() - back),
                None => {
                    kinds.push(kind);
                    index(kinds.len())
                }
            }
        };
        let of_events = events.map(place).collect();
        Self { kinds, of_events }
    }
}

fn drawn(positions: &[Option<i64>]) -> Vec<Position> {
    positions.iter().flatten().copied().map(position).collect()
}

fn conflict(target: &StreamAppend, actual: Version) -> Outcome {
    Outcome::Conflict(Conflict { stream: target.stream.clone(), expected: target.expect, actual })
}

fn duplicate(append: &Append) -> Result<Outcome, sqlx::Error> {
    append
        .command
        .as_ref()
        .map(|command| Outcome::Duplicate(command.command_id))
        .ok_or_else(|| unknown(DUPLICATE))
}

fn unknown(outcome: i16) -> sqlx::Error {
    sqlx::Error::Protocol(format!("an append function answers the outcome {outcome}, which cannot be"))
}

/// A number that the limits keep small.
fn index(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn count(target: &StreamAppend) -> i32 {
    index(target.events.len())
}
