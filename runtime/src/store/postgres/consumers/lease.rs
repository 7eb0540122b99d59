//! Who runs the partitions.

use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgRow};
use uuid::Uuid;

use super::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::{number, position};
use crate::store::postgres::losses;
use crate::store::{Lease, LeaseRequest, StoreError, Timeline, Wanted};

/// One statement, however many generations are asked for. It waits for no row of a partition: those that are locked are passed over.
pub(super) async fn lease(core: &Core, request: &LeaseRequest) -> Result<Vec<Lease>, StoreError> {
    if request.wanted.is_empty() {
        return Ok(Vec::new());
    }
    // Before the query: one that is granted by another server is then lost at once, and claimed again.
    let timeline = core.timeline();
    let wanted = || request.wanted.iter();
    let held = || wanted().flat_map(|wanted| wanted.held.iter().map(move |held| (wanted, held)));
    let generation = |wanted: &Wanted| wanted.generation.cast_signed();
    let rows = sqlx::query(core.sql.lease.clone())
        .bind(request.worker)
        .bind(request.duration.as_secs_f64())
        .bind(wanted().map(|wanted| &*wanted.consumer).bind_iter())
        .bind(wanted().map(generation).bind_iter())
        .bind(held().map(|(wanted, _)| &*wanted.consumer).bind_iter())
        .bind(held().map(|(wanted, _)| generation(wanted)).bind_iter())
        .bind(held().map(|(_, held)| i32::from(held.0)).bind_iter())
        .bind(held().map(|(_, held)| number(held.1)).bind_iter())
        .bind(wanted().map(|wanted| &*wanted.release).bind_iter())
        .fetch_all(&core.leases)
        .await
        .map_err(|found| error(core, found))?;
    let leases = rows.iter().map(|row| read(request, timeline, row));
    leases.collect::<Result<_, _>>().map_err(|found| error(core, found))
}

fn read(request: &LeaseRequest, timeline: Timeline, row: &PgRow) -> Result<Lease, sqlx::Error> {
    let (consumer, generation): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
    let known = request.wanted.iter().find(|wanted| &*wanted.consumer == consumer);
    let count = |place: usize| {
        let number: i32 = row.try_get(place)?;
        u16::try_from(number).map_err(|error| sqlx::Error::Decode(Box::new(error)))
    };
    let epoch: i64 = row.try_get(5)?;
    Ok(Lease {
        worker: request.worker,
        consumer: known.map_or_else(|| consumer.into(), |known| Arc::clone(&known.consumer)),
        generation: generation.cast_unsigned(),
        live: row.try_get(2)?,
        partition: count(3)?,
        partitions: count(4)?,
        epoch: epoch.cast_unsigned(),
        position: position(row.try_get(6)?),
        timeline,
    })
}

pub(super) async fn release(core: &Core, worker: Uuid) -> Result<(), StoreError> {
    let release = || sqlx::query(core.sql.release.clone()).bind(worker).execute(&core.leases);
    losses::read(core, release).await.map(drop)
}
