//! The transaction of a batch, and the checkpoint in it.

use std::time::Duration;

use sqlx::postgres::PgTransaction;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::error::error;
use super::statement;
use crate::number::Position;
use crate::store::postgres::begin;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::number;
use crate::store::postgres::error::Failure;
use crate::store::postgres::losses;
use crate::store::{ConsumerKind, Lease, StoreError};

pub(super) async fn begin(
    core: &Core,
    kind: ConsumerKind,
    at_most: Duration,
) -> Result<PgTransaction<'static>, StoreError> {
    let milliseconds = |duration: Duration| duration.as_millis().clamp(1, i32::MAX as u128);
    let idle = milliseconds(at_most.min(core.options.idle_in_transaction_timeout));
    let others = (kind != ConsumerKind::ReadModel).then(|| milliseconds(at_most));
    let statement = statement::begin_batch(idle, others);
    losses::read(core, || begin::begin(&core.pool, Some(statement.clone()))).await
}

/// The server answers the COMMIT of a failed transaction with success and rolls back. Here the statement before it was an [`advance`] that succeeded.
pub(super) async fn commit(core: &Core, transaction: PgTransaction<'static>) -> Result<(), StoreError> {
    match transaction.commit().await {
        Ok(()) => Ok(()),
        Err(lost) if Failure::of(&lost) == Failure::Lost => {
            core.losses.note();
            Err(StoreError::OutcomeUnknown { event_ids: Vec::<Uuid>::new(), source: Box::new(lost) })
        }
        Err(refused) => Err(error(core, refused)),
    }
}

pub(super) async fn advance(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
    from: Position,
    to: Position,
) -> Result<bool, StoreError> {
    // The connection was taken before: one that leads to another server has moved the timeline on.
    if lease.timeline != core.timeline() {
        return Ok(false);
    }
    move_to(core, connection, lease, from, to).await.map_err(|found| error(core, found))
}

/// In a transaction of its own, and in one round trip.
pub(super) async fn checkpoint(
    core: &Core,
    lease: &Lease,
    from: Position,
    to: Position,
) -> Result<bool, StoreError> {
    let mut connection = core.pool.acquire().await.map_err(|found| error(core, found))?;
    advance(core, &mut connection, lease, from, to).await
}

async fn move_to(
    core: &Core,
    executor: impl PgExecutor<'_>,
    lease: &Lease,
    from: Position,
    to: Position,
) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query(core.sql.advance.clone())
        .bind(&*lease.consumer)
        .bind(lease.generation.cast_signed())
        .bind(i32::from(lease.partition))
        .bind(number(lease.epoch))
        .bind(lease.worker)
        .bind(number(from.get()))
        .bind(number(to.get()))
        .execute(executor)
        .await?;
    Ok(moved.rows_affected() == 1)
}
