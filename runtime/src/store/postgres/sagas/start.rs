//! Starting instances.

use std::collections::HashSet;

use sqlx::PgExecutor;
use sqlx::postgres::{PgBindIterExt, PgTransaction};
use uuid::Uuid;

use crate::store::postgres::consumers::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::Json;
use crate::store::postgres::error::SharedError;
use crate::store::postgres::losses;
use crate::store::{NewSaga, StoreError};

pub(super) async fn start_in(
    core: &Core,
    transaction: &mut PgTransaction<'static>,
    sagas: &[NewSaga],
) -> Result<Vec<bool>, StoreError> {
    if sagas.is_empty() {
        return Ok(Vec::new());
    }
    let started = call(core, &mut **transaction, sagas).await.map_err(|found| error(core, found))?;
    let mut started: HashSet<Uuid> = started.into_iter().collect();
    // One that is named twice is new the first time.
    Ok(sagas.iter().map(|saga| started.remove(&saga.instance)).collect())
}

pub(super) async fn start(core: &Core, saga: &NewSaga) -> Result<bool, StoreError> {
    let timeline = core.timeline();
    let mut attempts = 0;
    let start = || {
        attempts += 1;
        call(core, &core.pool, std::slice::from_ref(saga))
    };
    let started = losses::read_raw(core, start).await;
    let started = match started {
        Ok(started) => started,
        // An earlier call may have been done whose connection was lost.
        Err(found) if attempts > 1 => {
            return Err(StoreError::OutcomeUnknown {
                event_ids: Vec::new(),
                source: Box::new(SharedError::new(found)),
            });
        }
        Err(found) => return Err(error(core, found)),
    };
    if !started.is_empty() {
        return Ok(true);
    }
    // Nothing was written: the row that was found may not be on the standbys yet.
    if let Err(found) = core.confirm(timeline).await {
        return Err(StoreError::OutcomeUnknown { event_ids: Vec::new(), source: Box::new(found) });
    }
    if attempts == 1 {
        return Ok(false);
    }
    // It may have been this call whose connection was lost that has started it: nobody else draws this number.
    let find = || {
        sqlx::query_scalar::<_, Uuid>(core.sql.find_saga.clone())
            .bind(&*saga.saga)
            .bind(&*saga.id)
            .fetch_optional(&core.pool)
    };
    Ok(losses::read(core, find).await? == Some(saga.instance))
}

/// Gives the numbers of those that are new.
async fn call(
    core: &Core,
    executor: impl PgExecutor<'_>,
    sagas: &[NewSaga],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let started: Option<Vec<Uuid>> = sqlx::query_scalar(core.sql.start_sagas.clone())
        .bind(sagas.iter().map(|saga| saga.instance).bind_iter())
        .bind(sagas.iter().map(|saga| &*saga.saga).bind_iter())
        .bind(sagas.iter().map(|saga| &*saga.id).bind_iter())
        .bind(sagas.iter().map(|saga| i64::from(saga.version)).bind_iter())
        .bind(sagas.iter().map(|saga| saga.definition.cast_signed()).bind_iter())
        .bind(sagas.iter().map(|saga| Json::of(&saga.state)).bind_iter())
        .bind(sagas.iter().map(|saga| saga.correlation_id).bind_iter())
        .bind(sagas.iter().map(|saga| saga.causation_id).bind_iter())
        .bind(sagas.iter().any(|saga| saga.early_events))
        .fetch_one(executor)
        .await?;
    Ok(started.unwrap_or_default())
}
