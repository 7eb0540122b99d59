//! What the store knows of its consumers, and what operators do with them.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::error::{error, is_blocked};
use super::{generation, name, start, statement};
use crate::store::postgres::core::{Core, pause as nap};
use crate::store::postgres::encode::position;
use crate::store::postgres::losses;
use crate::store::{ConsumerRecord, PartitionRecord, Start, StoreError, Table};

/// Readers of the table wait behind whoever waits to empty it, so that is done in short bits.
const LOCKING: u128 = 250;

const ATTEMPTS: u32 = 12;

pub(super) async fn list(core: &Core) -> Result<Vec<ConsumerRecord>, StoreError> {
    let query = || sqlx::query(core.sql.list_consumers.clone()).fetch_all(&core.leases);
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
    };
    let partition = PartitionRecord {
        partition: number.try_into().map_err(decode)?,
        position: position(row.try_get(10)?),
        epoch: count(11)?,
        worker: row.try_get(12)?,
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
        match reset_once(core, consumer, to, table).await {
            Err(blocked) if is_blocked(&blocked) && attempt < ATTEMPTS => {
                tracing::debug!(consumer, attempt, error = %blocked, "resets again");
                tokio::time::sleep(nap(attempt)).await;
                attempt += 1;
            }
            done => return done.map_err(|found| error(core, found)),
        }
    }
}

async fn reset_once(
    core: &Core,
    consumer: &str,
    to: Start,
    table: Option<&Table>,
) -> Result<bool, sqlx::Error> {
    let mut transaction = core.pool.begin_with(statement::begin_patient(LOCKING)).await?;
    generation::lock(core, &mut transaction, consumer).await?;
    if generation::find(core, &mut transaction, consumer).await?.live.is_none() {
        transaction.rollback().await?;
        return Ok(false);
    }
    let to = start::position(core, &mut transaction, to).await?;
    // The table before the partitions, as each batch has it.
    if let Some(table) = table {
        let table = name::plain(&table.definition.name, table.building);
        sqlx::query(statement::empty_table(&core.schema, &table)).execute(&mut *transaction).await?;
    }
    let reset = sqlx::query(core.sql.reset_partitions.clone()).bind(consumer).bind(to);
    reset.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}
