//! The ledger of accepted commands.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row};
use uuid::Uuid;

use super::core::Core;
use super::encode::{position, version};
use super::error::read_error;
use super::losses;
use super::sql::Sql;
use crate::store::{AppendError, CommandRecord, StoreError};
use crate::stream::StreamName;

/// The longest age that is asked for: 2,000 years. The server cannot subtract much more from today.
const OLDEST: f64 = 2_000.0 * 365.0 * 86_400.0;

pub(super) async fn find(
    executor: impl PgExecutor<'_>,
    sql: &Sql,
    id: Uuid,
) -> Result<Option<CommandRecord>, sqlx::Error> {
    let row = sqlx::query(sql.find_command.clone()).bind(id).fetch_optional(executor).await?;
    row.as_ref().map(record).transpose()
}

/// Finds a command, and waits until a failover cannot lose it.
pub(super) async fn find_durable(core: &Core, id: Uuid) -> Result<Option<CommandRecord>, StoreError> {
    let timeline = core.timeline();
    let found = losses::read(core, || find(&core.pool, &core.sql, id)).await?;
    if found.is_some() {
        core.confirm(timeline).await.map_err(|error| error.not_stored())?;
    }
    Ok(found)
}

/// The answer to an append in the caller's transaction whose command was accepted before. The commit of that
/// transaction waits for the standbys, if it writes anything.
pub(super) async fn duplicate(executor: impl PgExecutor<'_>, sql: &Sql, id: Uuid) -> AppendError {
    match find(executor, sql, id).await {
        Ok(Some(record)) => AppendError::DuplicateCommand(record),
        // Forgotten since: the same append is decided anew.
        Ok(None) => StoreError::Contention(Box::new(sqlx::Error::RowNotFound)).into(),
        Err(error) => read_error(error).into(),
    }
}

pub(super) async fn forget(core: &Core, older_than: Duration, limit: u32) -> Result<u64, StoreError> {
    let done = sqlx::query(core.sql.forget_commands.clone())
        .bind(older_than.as_secs_f64().min(OLDEST))
        .bind(i64::from(limit))
        .execute(&core.pool)
        .await
        .map_err(read_error)?;
    Ok(done.rows_affected())
}

fn record(row: &PgRow) -> Result<CommandRecord, sqlx::Error> {
    let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    let hash: &[u8] = row.try_get(1)?;
    let events: i32 = row.try_get(4)?;
    Ok(CommandRecord {
        command_id: row.try_get(0)?,
        body_hash: hash.try_into().map_err(|error| decode(Box::new(error)))?,
        stream: StreamName::parse(row.try_get(2)?).map_err(|error| decode(Box::new(error)))?,
        version: version(row.try_get(3)?),
        events: u32::try_from(events).map_err(|error| decode(Box::new(error)))?,
        recorded_at: row.try_get(5)?,
        position: row.try_get::<Option<i64>, _>(6)?.map(position),
    })
}
