//! What each release reads.

use sqlx::postgres::{PgBindIterExt, PgRow};
use sqlx::{Error, Row};

use super::error::error;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::{number, position};
use crate::store::postgres::losses;
use crate::store::{
    ConsumerReads, EventType, EventVersions, KnownReads, Lease, Needs, RegisteredReads, StoreError,
};

fn signed(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

fn unsigned<T: TryInto<u32>>(version: T) -> Result<u32, Error>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    version.try_into().map_err(|error| Error::Decode(Box::new(error)))
}

pub(in crate::store::postgres) async fn register_events(
    core: &Core,
    events: &[EventType],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let register = || {
        sqlx::query(core.sql.register_events.clone())
            .bind(events.iter().map(|event| &*event.category).bind_iter())
            .bind(events.iter().map(|event| &*event.name).bind_iter())
            .bind(events.iter().map(|event| signed(event.version)).bind_iter())
            .execute(&core.pool)
    };
    losses::read(core, register).await.map(drop)
}

pub(super) async fn register(core: &Core, reads: &ConsumerReads) -> Result<(), StoreError> {
    let (release, handles, knows) = (reads.release(), json(&reads.handles), json(&reads.knows));
    let register = || {
        sqlx::query(core.sql.register_reads.clone())
            .bind(&*reads.consumer)
            .bind(&*release)
            .bind(i64::from(reads.version))
            .bind(&*handles)
            .bind(&*knows)
            .execute(&core.pool)
    };
    losses::read(core, register).await.map(drop)
}

fn json(events: &EventVersions) -> String {
    let events = events.iter().map(|(name, version)| (name.to_string(), (*version).into())).collect();
    serde_json::Value::Object(events).to_string()
}

fn events(text: &str) -> Result<EventVersions, Error> {
    let events: std::collections::BTreeMap<String, u32> =
        serde_json::from_str(text).map_err(|error| Error::Decode(Box::new(error)))?;
    Ok(events.into_iter().map(|(name, version)| (name.into(), version)).collect())
}

pub(super) async fn known(core: &Core, consumer: &str) -> Result<KnownReads, StoreError> {
    let types = sqlx::query(core.sql.known_events.clone()).fetch_all(&core.leases).await;
    let types = types.map_err(|found| error(core, found))?;
    let releases = sqlx::query(core.sql.known_releases.clone()).bind(consumer).fetch_all(&core.leases).await;
    let releases = releases.map_err(|found| error(core, found))?;
    let types = types.iter().map(event_type).collect::<Result<_, _>>();
    let releases = releases.iter().map(|row| release(consumer, row)).collect::<Result<_, _>>();
    Ok(KnownReads {
        types: types.map_err(|found| error(core, found))?,
        releases: releases.map_err(|found| error(core, found))?,
    })
}

fn event_type(row: &PgRow) -> Result<EventType, Error> {
    Ok(EventType {
        category: row.try_get::<&str, _>(0)?.into(),
        name: row.try_get::<&str, _>(1)?.into(),
        version: unsigned(row.try_get::<i32, _>(2)?)?,
    })
}

fn release(consumer: &str, row: &PgRow) -> Result<RegisteredReads, Error> {
    let reads = ConsumerReads {
        consumer: consumer.into(),
        version: unsigned(row.try_get::<i64, _>(1)?)?,
        handles: events(row.try_get(3)?)?,
        knows: events(row.try_get(4)?)?,
    };
    Ok(RegisteredReads {
        reads,
        release: row.try_get::<&str, _>(0)?.into(),
        number: row.try_get::<i64, _>(2)?.cast_unsigned(),
        running: row.try_get(5)?,
    })
}

/// What a partition needs, from this place of a row on.
pub(super) fn needs(row: &PgRow, at: usize) -> Result<Option<Needs>, Error> {
    let Some(name) = row.try_get::<Option<&str>, _>(at)? else { return Ok(None) };
    Ok(Some(Needs {
        name: name.into(),
        version: unsigned(row.try_get::<i32, _>(at + 1)?)?,
        handler: row.try_get(at + 2)?,
        position: position(row.try_get(at + 3)?),
    }))
}

pub(super) async fn leave(core: &Core, lease: &Lease, needs: &Needs) -> Result<bool, StoreError> {
    let leave = || {
        sqlx::query(core.sql.leave.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .bind(lease.epoch.cast_signed())
            .bind(lease.worker)
            .bind(&*needs.name)
            .bind(signed(needs.version))
            .bind(needs.handler)
            .bind(number(needs.position.get()))
            .execute(&core.pool)
    };
    // Done twice, the second one finds the lease lost: the partition is left either way.
    Ok(losses::read(core, leave).await?.rows_affected() > 0)
}
