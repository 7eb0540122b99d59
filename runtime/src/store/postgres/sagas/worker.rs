//! Who runs sagas. All of it goes by the connections of the leases: handlers may have all others.

use sqlx::Row;
use sqlx::postgres::PgBindIterExt;
use uuid::Uuid;

use super::argument::seconds;
use crate::store::postgres::core::Core;
use crate::store::postgres::error::read_error;
use crate::store::postgres::losses;
use crate::store::{SagaRenewal, SagaWorker, StoreError};

pub(super) async fn enlist(core: &Core, worker: &SagaWorker) -> Result<(), StoreError> {
    let enlist = || async {
        sqlx::query(core.sql.enlist_saga_worker.clone())
            .bind(worker.worker)
            .bind(seconds(worker.duration))
            .bind(worker.definitions.iter().map(|(saga, _)| &**saga).bind_iter())
            .bind(worker.definitions.iter().map(|(_, definition)| definition.cast_signed()).bind_iter())
            .execute(&core.leases)
            .await
    };
    losses::read(core, enlist).await.map(drop)
}

pub(super) async fn renew(core: &Core, worker: &SagaWorker) -> Result<SagaRenewal, StoreError> {
    let renew = || async {
        sqlx::query(core.sql.renew_saga_worker.clone())
            .bind(worker.worker)
            .bind(seconds(worker.duration))
            .bind(worker.definitions.iter().map(|(saga, _)| &**saga).bind_iter())
            .bind(worker.definitions.iter().map(|(_, definition)| definition.cast_signed()).bind_iter())
            .fetch_one(&core.leases)
            .await
    };
    let row = losses::read(core, renew).await?;
    let messages: Option<Vec<Uuid>> = row.try_get(1).map_err(read_error)?;
    let alive: bool = row.try_get(0).map_err(read_error)?;
    if !alive {
        core.lost_claims.forget(worker.worker);
    }
    Ok(SagaRenewal { alive, messages: messages.unwrap_or_default() })
}

pub(super) async fn retire(core: &Core, worker: Uuid) -> Result<(), StoreError> {
    let forget = || sqlx::query(core.sql.forget_saga_worker.clone()).bind(worker).execute(&core.leases);
    losses::read(core, forget).await?;
    core.lost_claims.forget(worker);
    free(core).await.map(drop)
}

pub(super) async fn take_over(core: &Core) -> Result<u64, StoreError> {
    let forget = || sqlx::query(core.sql.forget_saga_workers.clone()).execute(&core.leases);
    losses::read(core, forget).await?;
    let fold = || sqlx::query(core.sql.fold_saga_counts.clone()).execute(&core.leases);
    losses::read(core, fold).await?;
    free(core).await
}

/// A statement of its own: it sees what was given to a worker before that was forgotten.
async fn free(core: &Core) -> Result<u64, StoreError> {
    let free = || sqlx::query_scalar::<_, i64>(core.sql.free_sagas.clone()).fetch_one(&core.leases);
    Ok(losses::read(core, free).await?.unsigned_abs())
}
