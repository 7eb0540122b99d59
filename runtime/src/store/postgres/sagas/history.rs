//! Logs and messages.

use std::sync::Arc;

use sqlx::postgres::{PgBindIterExt, PgRow};
use sqlx::{PgExecutor, Row, ValueRef};

use super::record::{count, unknown};
use crate::payload::Payload;
use crate::store::postgres::core::Core;
use crate::store::postgres::row::text;
use crate::store::{
    EventOrigin, NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind, SagaRecord,
};

/// What has happened to an instance, and what was left for it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) log: Vec<SagaEntry>,
    pub(super) messages: Vec<SagaMessage>,
    /// It is too large to be read together with others.
    pub(super) unread: bool,
}

/// The histories of instances, in their order.
pub(super) async fn read(
    core: &Core,
    executor: impl PgExecutor<'_>,
    records: &[&SagaRecord],
) -> Result<Vec<History>, sqlx::Error> {
    let rows = sqlx::query(core.sql.saga_histories.clone())
        .bind(records.iter().map(|record| record.instance).bind_iter())
        .bind(records.iter().map(|record| &*record.saga).bind_iter())
        .bind(records.iter().map(|record| &*record.id).bind_iter())
        .fetch_all(executor)
        .await?;
    each(records, &rows)
}

/// The histories of instances, in their order, as far as they have this many bytes together.
pub(super) async fn read_within(
    core: &Core,
    executor: impl PgExecutor<'_>,
    records: &[&SagaRecord],
    most_bytes: i64,
) -> Result<Vec<History>, sqlx::Error> {
    let rows = sqlx::query(core.sql.saga_histories_within.clone())
        .bind(records.iter().map(|record| record.instance).bind_iter())
        .bind(records.iter().map(|record| &*record.saga).bind_iter())
        .bind(records.iter().map(|record| &*record.id).bind_iter())
        .bind(most_bytes)
        .fetch_all(executor)
        .await?;
    each(records, &rows)
}

fn each(records: &[&SagaRecord], rows: &[PgRow]) -> Result<Vec<History>, sqlx::Error> {
    let mut histories: Vec<_> = records.iter().map(|_| History::default()).collect();
    for row in rows {
        let (place, is_message): (i32, bool) = (row.try_get(0)?, row.try_get(1)?);
        let history = usize::try_from(place - 1).ok().and_then(|place| histories.get_mut(place));
        let history = history.ok_or_else(|| unknown(format!("there is no instance {place}")))?;
        if row.try_get::<i32, _>(2)? < 0 {
            history.unread = true;
        } else if is_message {
            history.messages.push(message(row)?);
        } else {
            history.log.push(entry(row)?);
        }
    }
    Ok(histories)
}

fn entry(row: &PgRow) -> Result<SagaEntry, sqlx::Error> {
    let (attempt, kind): (i32, _) = (row.try_get(6)?, text(row, 4)?);
    let entry = NewSagaEntry {
        kind: SagaEntryKind::parse(kind)
            .ok_or_else(|| unknown(format!("`{kind}` is no entry of a saga's log")))?,
        step: step(row)?,
        attempt: attempt.cast_unsigned(),
        output: output(row)?,
        text: row.try_get(9)?,
    };
    Ok(SagaEntry { sequence: count(row, 2)?, at: row.try_get(3)?, entry })
}

fn message(row: &PgRow) -> Result<SagaMessage, sqlx::Error> {
    let kind = text(row, 4)?;
    let kind =
        SagaMessageKind::parse(kind).ok_or_else(|| unknown(format!("`{kind}` is no message to a saga")))?;
    // Of an event the text says where it comes from.
    let (text, origin) = match row.try_get::<Option<String>, _>(9)? {
        Some(text) if kind == SagaMessageKind::Event => (None, EventOrigin::parse(&text)),
        text => (text, None),
    };
    Ok(SagaMessage {
        number: count(row, 2)?.into(),
        at: row.try_get(3)?,
        kind,
        step: step(row)?,
        event_id: row.try_get(7)?,
        output: output(row)?,
        text,
        origin,
    })
}

fn step(row: &PgRow) -> Result<Option<Arc<str>>, sqlx::Error> {
    Ok(row.try_get::<Option<&str>, _>(5)?.map(Into::into))
}

fn output(row: &PgRow) -> Result<Option<Payload>, sqlx::Error> {
    if row.try_get_raw(8)?.is_null() {
        return Ok(None);
    }
    text(row, 8).map(Payload::from_stored).map(Some)
}
