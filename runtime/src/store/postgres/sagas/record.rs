//! Rows as instances.

use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::payload::Payload;
use crate::store::postgres::row::text;
use crate::store::{SagaRecord, SagaStatus};

/// An instance of a row; `names` are those of sagas that are known, which it shares.
pub(super) fn read<'a>(
    row: &PgRow,
    names: impl IntoIterator<Item = &'a Arc<str>>,
) -> Result<SagaRecord, sqlx::Error> {
    let name = text(row, 1)?;
    let known = names.into_iter().find(|known| ***known == *name);
    let (version, definition, epoch): (i64, i64, i64) = (row.try_get(3)?, row.try_get(4)?, row.try_get(11)?);
    Ok(SagaRecord {
        instance: row.try_get(0)?,
        saga: known.map_or_else(|| name.into(), Arc::clone),
        id: text(row, 2)?.into(),
        version: number(version)?,
        definition: definition.cast_unsigned(),
        state: Payload::from_stored(text(row, 5)?),
        status: status(text(row, 6)?)?,
        step: row.try_get::<Option<&str>, _>(7)?.map(Into::into),
        reason: row.try_get(8)?,
        correlation_id: row.try_get(9)?,
        causation_id: row.try_get(10)?,
        epoch: number(epoch)?,
        sequence: count(row, 12)?,
        owner: row.try_get(13)?,
        due_at: row.try_get(14)?,
        messages: count(row, 15)?,
        messages_seen: count(row, 16)?,
        started_at: row.try_get(17)?,
        updated_at: row.try_get(18)?,
    })
}

/// A number that is kept without a sign.
pub(super) fn number<T: TryFrom<i64>>(number: i64) -> Result<T, sqlx::Error> {
    number.try_into().map_err(|_| unknown(format!("a saga has the number {number}")))
}

pub(super) fn count(row: &PgRow, column: usize) -> Result<u32, sqlx::Error> {
    let count: i32 = row.try_get(column)?;
    number(i64::from(count))
}

pub(super) fn status(word: &str) -> Result<SagaStatus, sqlx::Error> {
    SagaStatus::parse(word).ok_or_else(|| unknown(format!("`{word}` is no status of a saga")))
}

pub(super) fn unknown(what: String) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
