//! Events that could not be handled, and those that wait behind them.

use std::borrow::Cow;

use sqlx::postgres::{PgBindIterExt, PgRow};
use sqlx::{PgConnection, Row};

use super::error::error;
use crate::number::Position;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::{number, position, version};
use crate::store::postgres::losses;
use crate::store::{Lease, MAX_PARKED_STREAMS, NewParked, Parked, ParkedQuery, ParkedRequest, StoreError};
use crate::stream::StreamName;

/// The most bytes of an error's text.
const ERROR: usize = 8 << 10;

/// How many are listed if nothing is said.
const PAGE: u32 = 100;

pub(super) async fn park(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
    events: &[NewParked],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let errors: Vec<_> = events.iter().map(|event| event.error.as_deref().map(short)).collect();
    sqlx::query(core.sql.park.clone())
        .bind(&*lease.consumer)
        .bind(lease.generation.cast_signed())
        .bind(i32::from(lease.partition))
        .bind(events.iter().map(|event| number(event.position.get())).bind_iter())
        .bind(events.iter().map(|event| number(event.version.get())).bind_iter())
        .bind(events.iter().map(|event| i64::from(event.attempts)).bind_iter())
        .bind(events.iter().map(|event| event.stream.as_str()).bind_iter())
        .bind(events.iter().map(|event| &*event.name).bind_iter())
        .bind(errors.iter().map(Option::as_deref).bind_iter())
        .bind(events.iter().map(|event| event.retry_after.map(|after| after.as_secs_f64())).bind_iter())
        .execute(connection)
        .await
        .map_err(|found| error(core, found))?;
    Ok(())
}

/// The beginning of a text, as the server takes it: it has no NUL.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(ERROR);
    let text = &text[..end];
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

pub(super) async fn unpark(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
    position: Position,
) -> Result<(), StoreError> {
    sqlx::query(core.sql.unpark.clone())
        .bind(&*lease.consumer)
        .bind(number(position.get()))
        .bind(lease.generation.cast_signed())
        .bind(i32::from(lease.partition))
        .execute(connection)
        .await
        .map_err(|found| error(core, found))?;
    Ok(())
}

pub(super) async fn unpark_all(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
    positions: &[Position],
) -> Result<(), StoreError> {
    sqlx::query(core.sql.unpark_all.clone())
        .bind(&*lease.consumer)
        .bind(positions.iter().map(|position| number(position.get())).bind_iter())
        .bind(lease.generation.cast_signed())
        .bind(i32::from(lease.partition))
        .execute(connection)
        .await
        .map_err(|found| error(core, found))?;
    Ok(())
}

pub(super) async fn streams(core: &Core, lease: &Lease) -> Result<Vec<StreamName>, StoreError> {
    let query = || {
        sqlx::query(core.sql.parked_streams.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .bind(MAX_PARKED_STREAMS as i64)
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, query).await?;
    rows.iter().map(|row| stream(row, 0)).collect::<Result<_, _>>().map_err(|found| error(core, found))
}

pub(super) async fn among(
    core: &Core,
    lease: &Lease,
    streams: &[StreamName],
) -> Result<Vec<StreamName>, StoreError> {
    let query = || {
        sqlx::query(core.sql.parked_among.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .bind(streams.iter().map(StreamName::as_str).bind_iter())
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, query).await?;
    rows.iter().map(|row| stream(row, 0)).collect::<Result<_, _>>().map_err(|found| error(core, found))
}

pub(super) async fn requested(core: &Core, lease: &Lease) -> Result<Vec<StreamName>, StoreError> {
    find_streams(core, &core.sql.requested_streams, lease).await
}

async fn find_streams(core: &Core, sql: &sqlx::SqlStr, lease: &Lease) -> Result<Vec<StreamName>, StoreError> {
    let query = || {
        sqlx::query(sql.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, query).await?;
    rows.iter().map(|row| stream(row, 0)).collect::<Result<_, _>>().map_err(|found| error(core, found))
}

pub(super) async fn of_stream(
    core: &Core,
    lease: &Lease,
    stream: &StreamName,
    limit: u32,
) -> Result<Vec<Parked>, StoreError> {
    let query = || {
        sqlx::query(core.sql.parked_of.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .bind(stream.as_str())
            .bind(i64::from(limit))
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, query).await?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|found| error(core, found))
}

pub(super) async fn list(core: &Core, query: &ParkedQuery) -> Result<Vec<Parked>, StoreError> {
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let page = || {
        sqlx::query(core.sql.list_parked.clone())
            .bind(query.consumer.as_deref())
            .bind(query.stream.as_ref().map(StreamName::as_str))
            .bind(query.failed_only)
            .bind(query.after.as_ref().map(|after| after.0.as_str()))
            .bind(query.after.as_ref().map(|after| number(after.1.get())))
            .bind(i64::from(limit))
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, page).await?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|found| error(core, found))
}

pub(super) async fn request(
    core: &Core,
    consumer: &str,
    position: Position,
    request: &ParkedRequest,
) -> Result<bool, StoreError> {
    let (what, reason) = match request {
        ParkedRequest::Retry => ("retry", None),
        ParkedRequest::Discard { reason } => ("discard", Some(short(reason))),
    };
    let done = sqlx::query(core.sql.request_parked.clone())
        .bind(consumer)
        .bind(number(position.get()))
        .bind(what)
        .bind(reason.as_deref())
        .execute(&core.pool)
        .await
        .map_err(|found| error(core, found))?;
    Ok(done.rows_affected() > 0)
}

fn stream(row: &PgRow, place: usize) -> Result<StreamName, sqlx::Error> {
    StreamName::parse(row.try_get(place)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn read(row: &PgRow) -> Result<Parked, sqlx::Error> {
    let (consumer, generation): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
    let (partition, attempts): (i32, i64) = (row.try_get(2)?, row.try_get(5)?);
    let decode = |error: std::num::TryFromIntError| sqlx::Error::Decode(Box::new(error));
    let event = NewParked {
        position: position(row.try_get(3)?),
        stream: stream(row, 7)?,
        version: version(row.try_get(4)?),
        name: row.try_get::<&str, _>(8)?.into(),
        error: row.try_get(9)?,
        attempts: attempts.try_into().map_err(decode)?,
        retry_after: None,
    };
    let request = match row.try_get::<Option<&str>, _>(10)? {
        None => None,
        Some("retry") => Some(ParkedRequest::Retry),
        Some("discard") => {
            Some(ParkedRequest::Discard { reason: row.try_get::<Option<String>, _>(11)?.unwrap_or_default() })
        }
        Some(other) => {
            return Err(sqlx::Error::Decode(format!("`{other}` is no request on a parked event").into()));
        }
    };
    let mut parked = Parked::new(consumer.into(), event, row.try_get(6)?);
    parked.generation = generation.cast_unsigned();
    parked.partition = partition.try_into().map_err(decode)?;
    parked.request = request;
    parked.retry_at = row.try_get(12)?;
    Ok(parked)
}
