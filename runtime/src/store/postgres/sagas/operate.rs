//! What operators ask.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Row, SqlSafeStr};

use super::argument::{legible, seconds};
use super::history::{self, History};
use super::record::{self, number, status, unknown};
use crate::store::postgres::begin::begin;
use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::Json;
use crate::store::postgres::error::read_error;
use crate::store::postgres::losses;
use crate::store::postgres::row::text;
use crate::store::{
    SagaDefinitionRecord, SagaForgotten, SagaQuery, SagaRecord, SagaRequest, SagaStatus, SagaWhole,
    StoreError, StoredRequest,
};

/// How many are listed if nothing is said.
const PAGE: u32 = 100;

/// The most bytes of data on a page, unless one instance alone has more.
const PAGE_BYTES: i64 = 16 * 1024 * 1024;

/// An instance and its history are of one moment.
const BEGIN: &str = "begin isolation level repeatable read, read only";

pub(super) async fn find(core: &Core, saga: &str, id: &str) -> Result<Option<SagaWhole>, StoreError> {
    losses::read(core, || find_once(core, saga, id)).await
}

async fn find_once(core: &Core, saga: &str, id: &str) -> Result<Option<SagaWhole>, sqlx::Error> {
    let mut transaction = begin(&core.pool, Some(BEGIN.into_sql_str())).await?;
    let find = sqlx::query(core.sql.find_saga.clone()).bind(saga).bind(id);
    let Some(row) = find.fetch_optional(&mut *transaction).await? else { return Ok(None) };
    let record = record::read(&row, [])?;
    let history = history::read(core, &mut *transaction, &[&record]).await?.pop();
    transaction.commit().await?;
    let History { log, messages, .. } = history.unwrap_or_default();
    Ok(Some(SagaWhole { record, log, messages }))
}

pub(super) async fn list(core: &Core, query: &SagaQuery) -> Result<Vec<SagaRecord>, StoreError> {
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let page = || {
        sqlx::query(core.sql.list_sagas.clone())
            .bind(query.saga.as_deref())
            .bind(query.status.map(SagaStatus::as_str))
            .bind(query.step.as_deref())
            .bind(query.older_than.map(seconds))
            .bind(query.after.as_ref().map(|after| after.0.as_str()))
            .bind(query.after.as_ref().map(|after| after.1.as_str()))
            .bind(i32::try_from(limit).unwrap_or(i32::MAX / 8).min(i32::MAX / 8))
            .bind(PAGE_BYTES)
            .fetch_all(&core.pool)
    };
    let rows = losses::read(core, page).await?;
    let mut records: Vec<SagaRecord> = Vec::with_capacity(rows.len());
    for row in &rows {
        let record = record::read(row, records.last().map(|last| &last.saga)).map_err(read_error)?;
        records.push(record);
    }
    Ok(records)
}

pub(super) async fn request(
    core: &Core,
    saga: &str,
    id: &str,
    request: &SagaRequest,
) -> Result<bool, StoreError> {
    let StoredRequest { kind, step, output, text } = request.stored();
    let (step, reason) = (step.as_deref().map(legible), text.map(legible));
    let left = sqlx::query(core.sql.request_saga.clone())
        .bind(saga)
        .bind(id)
        .bind(kind.as_str())
        .bind(step.as_deref())
        .bind(reason.as_deref())
        .bind(output.map(Json::of))
        .bind(request.refusal_after_the_end())
        .execute(&core.pool)
        .await
        .map_err(|found| error(core, found))?;
    Ok(left.rows_affected() > 0)
}

pub(super) async fn count(core: &Core) -> Result<crate::store::SagaCounts, StoreError> {
    let count = || sqlx::query(core.sql.count_sagas.clone()).fetch_all(&core.pool);
    let rows = losses::read(core, count).await?;
    let of = |row: &PgRow| Ok((row.try_get(0)?, status(text(row, 1)?)?, number(row.try_get(2)?)?));
    rows.iter().map(of).collect::<Result<_, sqlx::Error>>().map_err(read_error)
}

pub(super) async fn are_busy(core: &Core, sagas: &[&str]) -> Result<bool, StoreError> {
    let ask = || sqlx::query_scalar(core.sql.are_sagas_busy.clone()).bind(sagas).fetch_one(&core.pool);
    losses::read(core, ask).await
}

pub(super) async fn save_definition(
    core: &Core,
    definition: &SagaDefinitionRecord,
) -> Result<(), StoreError> {
    let save = || {
        sqlx::query(core.sql.save_saga_definition.clone())
            .bind(&definition.saga)
            .bind(i64::from(definition.version))
            .bind(definition.definition.cast_signed())
            .bind(Json::text(&definition.description))
            .execute(&core.leases)
    };
    losses::read_raw(core, save).await.map(drop).map_err(|found| error(core, found))
}

/// Workers ask for it whenever they renew their leases.
pub(super) async fn definitions(core: &Core, saga: &str) -> Result<Vec<SagaDefinitionRecord>, StoreError> {
    let find = || sqlx::query(core.sql.saga_definitions.clone()).bind(saga).fetch_all(&core.leases);
    let rows = losses::read(core, find).await?;
    let of = |row: &PgRow| {
        let definition: i64 = row.try_get(2)?;
        Ok(SagaDefinitionRecord {
            saga: row.try_get(0)?,
            version: number(row.try_get(1)?)?,
            definition: definition.cast_unsigned(),
            description: text(row, 3)?.to_owned(),
            live: row.try_get(4)?,
        })
    };
    rows.iter().map(of).collect::<Result<_, sqlx::Error>>().map_err(read_error)
}

/// Forgets what ended, was kept, or was last used at least so long ago.
pub(super) async fn prune(core: &Core, age: Duration, most: u32) -> Result<u64, StoreError> {
    let ended = || {
        sqlx::query_scalar::<_, i64>(core.sql.forget_ended_sagas.clone())
            .bind(seconds(age))
            .bind(i32::try_from(most).unwrap_or(i32::MAX))
            .fetch_one(&core.pool)
    };
    let kept = || {
        sqlx::query_as::<_, (i64, i64)>(core.sql.forget_kept_events.clone())
            .bind(seconds(age))
            .bind(i32::try_from(most).unwrap_or(i32::MAX))
            .fetch_one(&core.pool)
    };
    let definitions = || {
        sqlx::query_scalar::<_, i64>(core.sql.forget_saga_definitions.clone())
            .bind(seconds(age))
            .fetch_one(&core.pool)
    };
    let mut forgotten = losses::read(core, ended).await?;
    loop {
        let (looked, kept) = losses::read(core, kept).await?;
        forgotten += kept;
        // Most mailboxes are those of instances that were started.
        if kept > 0 || looked < i64::from(most) || most == 0 {
            break;
        }
    }
    losses::read(core, definitions).await?;
    Ok(forgotten.unsigned_abs())
}

pub(super) async fn forget(core: &Core, saga: &str, id: &str) -> Result<SagaForgotten, StoreError> {
    let forget = || {
        sqlx::query_scalar::<_, i16>(core.sql.forget_saga.clone()).bind(saga).bind(id).fetch_one(&core.pool)
    };
    match losses::read(core, forget).await? {
        0 => Ok(SagaForgotten::Forgotten),
        1 => Ok(SagaForgotten::NotEnded),
        2 => Ok(SagaForgotten::Missing),
        other => Err(read_error(unknown(format!("forget_saga answers {other}")))),
    }
}
