//! What the store knows of its consumers, and what operators do with them.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::error::{error, is_blocked};
use super::parked::short;
use super::{generation, name, start, statement};
use crate::store::postgres::begin::begin;
use crate::store::postgres::core::{Core, pause as nap};
use crate::store::postgres::encode::position;
use crate::store::postgres::losses;
use crate::store::{ConsumerRecord, Lease, PartitionRecord, Start, StoreError, Table};

/// Readers of the table wait behind whoever waits to empty it, so that is done in short bits.
const LOCKING: u128 = 250;

const ATTEMPTS: u32 = 12;

/// `count`: whether the parked events are counted.
pub(super) async fn list(core: &Core, count: bool) -> Result<Vec<ConsumerRecord>, StoreError> {
    let query = || sqlx::query(core.sql.list_consumers.clone()).bind(count).fetch_all(&core.leases);
    let rows = losses::read(core, query).await?;
    let mut records: Vec<ConsumerRecord> = Vec::new();
    for row in &rows {
        let (consumer, partition) = read(row).map_err(|found| error(core, found))?;
        match records.last_mut() {
            Some(last) if last.name == consumer.name && last.generation == consumer.generation => {
                last.partitions.push(partition);
            }
            _ => records.push(ConsumerRecord { partitions: vec![partition], ..consumer }),
        }
    }
    Ok(records)
}

fn read(row: &PgRow) -> Result<(ConsumerRecord, PartitionRecord), sqlx::Error> {
    let decode = |error: std::num::TryFromIntError| sqlx::Error::Decode(Box::new(error));
    let count = |place: usize| {
        let count: i64 = row.try_get(place)?;
        u64::try_from(count).map_err(decode)
    };
    let (version, generation, number): (i64, i32, i32) = (row.try_get(2)?, row.try_get(3)?, row.try_get(9)?);
    let consumer = ConsumerRecord {
        name: row.try_get::<&str, _>(0)?.into(),
        kind: row.try_get::<&str, _>(1)?.into(),
        version: version.try_into().map_err(decode)?,
        generation: generation.cast_unsigned(),
        live: row.try_get(4)?,
        paused: row.try_get(5)?,
        created_at: row.try_get(6)?,
        partitions: Vec::new(),
        failed: count(7)?,
        waiting: count(8)?,
        retrying: count(14)?,
        pause_reason: row.try_get::<Option<&str>, _>(15)?.map(Into::into),
        replace_anyway: row.try_get::<Option<&str>, _>(16)?.map(Into::into),
        former_names: row.try_get::<Vec<String>, _>(21)?.into_iter().map(Into::into).collect(),
    };
    let partition = PartitionRecord {
        partition: number.try_into().map_err(decode)?,
        position: position(row.try_get(10)?),
        epoch: count(11)?,
        worker: row.try_get(12)?,
        needs: super::reads::needs(row, 17)?,
        next_recorded_at: row.try_get(13)?,
    };
    Ok((consumer, partition))
}

pub(super) async fn pause(core: &Core, consumer: &str, paused: bool) -> Result<bool, StoreError> {
    let pause = || {
        sqlx::query_scalar(core.sql.pause_consumer.clone()).bind(consumer).bind(paused).fetch_one(&core.pool)
    };
    losses::read(core, pause).await
}

pub(super) async fn forget(core: &Core, consumer: &str, with_table: bool) -> Result<bool, StoreError> {
    forget_once(core, consumer, with_table).await.map_err(|found| error(core, found))?.ok_or_else(|| {
        StoreError::Unsuitable(format!("`{consumer}` is run by a process: stop it before it is forgotten"))
    })
}

/// `None`: a worker has a lease of it.
async fn forget_once(core: &Core, consumer: &str, with_table: bool) -> Result<Option<bool>, sqlx::Error> {
    let mut transaction = begin(&core.pool, Some(statement::begin_patient(LOCKING))).await?;
    generation::lock(core, &mut transaction, consumer).await?;
    let found = generation::find(core, &mut transaction, consumer).await?;
    if found.live.is_none() {
        transaction.rollback().await?;
        return Ok(Some(false));
    }
    let run: bool =
        sqlx::query_scalar(core.sql.is_run.clone()).bind(consumer).fetch_one(&mut *transaction).await?;
    if run {
        transaction.rollback().await?;
        return Ok(None);
    }
    for generation in [&found.live, &found.building].into_iter().flatten() {
        let building = (!generation.live).then(|| generation.number.cast_unsigned());
        if generation.columns.is_some() && (with_table || building.is_some()) {
            let drop = statement::drop_table(&core.schema, &name::plain(consumer, building));
            sqlx::query(drop).execute(&mut *transaction).await?;
        }
        generation::delete(core, &mut transaction, consumer, generation.number).await?;
    }
    sqlx::query(core.sql.forget_consumer_name.clone()).bind(consumer).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Some(true))
}

pub(super) async fn halt(core: &Core, lease: &Lease, reason: &str) -> Result<bool, StoreError> {
    let halt = || {
        sqlx::query_scalar(core.sql.halt_consumer.clone())
            .bind(&*lease.consumer)
            .bind(lease.generation.cast_signed())
            .bind(i32::from(lease.partition))
            .bind(lease.epoch.cast_signed())
            .bind(lease.worker)
            .bind(short(reason))
            .fetch_one(&core.pool)
    };
    losses::read(core, halt).await
}

pub(super) async fn replace_anyway(core: &Core, consumer: &str, reason: &str) -> Result<bool, StoreError> {
    let replace = || {
        sqlx::query(core.sql.replace_anyway.clone()).bind(consumer).bind(short(reason)).execute(&core.pool)
    };
    Ok(losses::read(core, replace).await?.rows_affected() > 0)
}

pub(super) async fn reset(
    core: &Core,
    consumer: &str,
    to: Start,
    table: Option<&Table>,
) -> Result<bool, StoreError> {
    if let Some(table) = table {
        name::check(&table.definition)?;
    }
    let mut attempt = 1;
    loop {
        match reset_once(core, consumer, to).await {
            Err(blocked) if is_blocked(&blocked) && attempt < ATTEMPTS => {
                tracing::debug!(consumer, attempt, error = %blocked, "resets again");
                tokio::time::sleep(nap(attempt)).await;
                attempt += 1;
            }
            done => return done.map_err(|found| error(core, found)),
        }
    }
}

async fn reset_once(core: &Core, consumer: &str, to: Start) -> Result<bool, sqlx::Error> {
    let mut transaction = begin(&core.pool, Some(statement::begin_patient(LOCKING))).await?;
    generation::lock(core, &mut transaction, consumer).await?;
    let Some(live) = generation::find(core, &mut transaction, consumer).await?.live else {
        transaction.rollback().await?;
        return Ok(false);
    };
    let to = start::position(core, &mut transaction, to).await?;
    // The table before the partitions, as each batch has it.
    // The name of a read model is that of its table, whether the caller has it registered or not.
    if live.columns.is_some() {
        let table = name::plain(consumer, None);
        sqlx::query(statement::empty_table(&core.schema, &table)).execute(&mut *transaction).await?;
    }
    let reset = sqlx::query(core.sql.reset_partitions.clone()).bind(consumer).bind(to);
    reset.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}
