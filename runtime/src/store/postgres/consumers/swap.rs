//! The generation that was built takes the place of the live one.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row, SqlStr};
use uuid::Uuid;

use super::error::{error, is_blocked};
use super::{generation, name, statement};
use crate::store::postgres::begin::begin;
use crate::store::postgres::core::{Core, pause};
use crate::store::postgres::losses;
use crate::store::{Lease, SWAP_PAUSE, StoreError};

/// Readers of the table wait behind whoever waits to lock it, so that is done in short bits.
const LOCKING: u128 = 250;

const ATTEMPTS: u32 = 12;

/// The partitions of a consumer's generations.
struct Standing {
    partitions: Vec<Partition>,
}

struct Partition {
    live: bool,
    number: i32,
    position: i64,
    epoch: i64,
    worker: Option<Uuid>,
    generation: i32,
    table: bool,
}

/// What a look at the partitions says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The lease is not that of a generation that is being built, or it is lost.
    Lost,
    /// Something is missing that the live one has done.
    Behind,
    /// Some of its events have failed or are retried, and no operator has said that it does not matter.
    Blocked,
    /// The generation that was built can take the place of the live one, which has this number; whether they have tables.
    Ready { live: i32, table: bool },
}

pub(super) async fn swap(core: &Core, lease: &Lease) -> Result<bool, StoreError> {
    let mut attempt = 1;
    loop {
        match swap_once(core, lease).await {
            Err(blocked) if is_blocked(&blocked) && attempt < ATTEMPTS => {
                tracing::debug!(consumer = &*lease.consumer, attempt, error = %blocked, "swaps again");
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            Err(refused) if is_refused(&refused) => {
                return Err(StoreError::Unsuitable(format!(
                    "the table `{}` cannot be replaced: {refused}",
                    lease.consumer
                )));
            }
            done => return done.map_err(|found| error(core, found)),
        }
    }
}

/// Whether the server does not allow what a swap does: something depends on the table, or a right is missing.
fn is_refused(error: &sqlx::Error) -> bool {
    if matches!(error, sqlx::Error::Configuration(_)) {
        return true;
    }
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("42") || code.starts_with("2B"))
}

async fn swap_once(core: &Core, lease: &Lease) -> Result<bool, sqlx::Error> {
    let mut connection = core.pool.acquire().await?;
    // First without locks: most of the time it is too early.
    let verdict = look(core, &mut connection, &core.sql.find_partitions, lease).await?;
    let verdict = if verdict != Verdict::Lost && is_blocked_by_failures(core, &mut connection, lease).await? {
        Verdict::Blocked
    } else {
        verdict
    };
    if let Verdict::Ready { table: true, .. } = verdict {
        refuse_dependents(core, &mut connection, lease).await?;
    }
    drop(connection);
    let verdict = match verdict {
        Verdict::Ready { live, table } => replace(core, lease, live, table).await?,
        verdict => verdict,
    };
    if verdict == Verdict::Behind {
        stop(core, lease).await?;
    }
    Ok(matches!(verdict, Verdict::Ready { .. }))
}

/// Replaces the live generation, unless something has changed since the first look.
async fn replace(core: &Core, lease: &Lease, live: i32, table: bool) -> Result<Verdict, sqlx::Error> {
    let (plain, built) = (&*lease.consumer, name::plain(&lease.consumer, Some(lease.generation)));
    let mut transaction = begin(&core.pool, Some(statement::begin_patient(LOCKING))).await?;
    if lease.timeline != core.timeline() {
        transaction.rollback().await?;
        return Ok(Verdict::Lost);
    }
    generation::lock(core, &mut transaction, plain).await?;
    let found = generation::find(core, &mut transaction, plain).await?;
    let same = found.live.as_ref().is_some_and(|found| found.number == live)
        && found.building.as_ref().is_some_and(|found| found.number.cast_unsigned() == lease.generation);
    if !same {
        transaction.rollback().await?;
        return Ok(Verdict::Lost);
    }
    // The tables before the partitions, as each batch has it: so nobody waits for each other.
    if table {
        let lock = statement::lock_tables(&core.schema, plain, &built);
        sqlx::query(lock).execute(&mut *transaction).await?;
    }
    let verdict = look(core, &mut transaction, &core.sql.lock_partitions, lease).await?;
    // Parked events change with the partitions, which are locked now.
    let verdict = match verdict {
        Verdict::Ready { .. } if is_blocked_by_failures(core, &mut transaction, lease).await? => {
            Verdict::Blocked
        }
        verdict => verdict,
    };
    let (Verdict::Ready { .. }, Some(old)) = (verdict, &found.live) else {
        transaction.rollback().await?;
        return Ok(verdict);
    };
    if table {
        sqlx::query(core.sql.replace_table.clone())
            .bind(plain)
            .bind(&built)
            .bind(name::index_pattern(plain))
            .execute(&mut *transaction)
            .await?;
    }
    generation::delete(core, &mut transaction, plain, old.number).await?;
    sqlx::query(core.sql.make_live.clone())
        .bind(plain)
        .bind(lease.generation.cast_signed())
        .bind(old.last)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(verdict)
}

/// Before anything is locked: an error that names what depends on the live table.
async fn refuse_dependents(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
) -> Result<(), sqlx::Error> {
    let table = name::qualified(&core.schema, &lease.consumer);
    let dependents = sqlx::query_scalar::<_, Option<String>>(core.sql.table_dependents.clone()).bind(table);
    match dependents.fetch_one(connection).await? {
        None => Ok(()),
        Some(dependents) => Err(sqlx::Error::Configuration(
            format!("{dependents} depends on it: drop that, resume the consumer, and create it again").into(),
        )),
    }
}

async fn is_blocked_by_failures(
    core: &Core,
    connection: &mut PgConnection,
    lease: &Lease,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(core.sql.is_replacement_blocked.clone())
        .bind(&*lease.consumer)
        .bind(lease.generation.cast_signed())
        .fetch_one(connection)
        .await
}

/// Stops the live generation for a while, so that it can be caught up with.
async fn stop(core: &Core, lease: &Lease) -> Result<(), sqlx::Error> {
    let mut transaction = begin(&core.pool, Some(statement::begin_patient(LOCKING))).await?;
    sqlx::query(core.sql.stop_live.clone())
        .bind(&*lease.consumer)
        .bind(lease.generation.cast_signed())
        .bind(i32::from(lease.partition))
        .bind(lease.epoch.cast_signed())
        .bind(lease.worker)
        .bind(SWAP_PAUSE.as_secs_f64())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

async fn look(
    core: &Core,
    connection: &mut PgConnection,
    sql: &SqlStr,
    lease: &Lease,
) -> Result<Verdict, sqlx::Error> {
    let rows = sqlx::query(sql.clone()).bind(&*lease.consumer).fetch_all(connection).await;
    let rows = rows.inspect_err(|error| {
        if losses::is_lost(error) {
            core.losses.note();
        }
    })?;
    let partitions = rows.iter().map(Partition::read).collect::<Result<_, _>>()?;
    Ok(Standing { partitions }.verdict(lease))
}

impl Partition {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            live: row.try_get(0)?,
            number: row.try_get(1)?,
            position: row.try_get(2)?,
            epoch: row.try_get(3)?,
            worker: row.try_get(4)?,
            generation: row.try_get(5)?,
            table: row.try_get(6)?,
        })
    }
}

impl Standing {
    fn verdict(&self, lease: &Lease) -> Verdict {
        let held = |partition: &&Partition| {
            !partition.live
                && partition.generation.cast_unsigned() == lease.generation
                && partition.number == i32::from(lease.partition)
                && partition.epoch.cast_unsigned() == lease.epoch
                && partition.worker == Some(lease.worker)
        };
        if !self.partitions.iter().any(|partition| held(&partition)) {
            return Verdict::Lost;
        }
        let positions = |live: bool| -> Vec<i64> {
            let some = self.partitions.iter().filter(|partition| partition.live == live);
            some.map(|partition| partition.position).collect()
        };
        let (built, live) = (positions(false), positions(true));
        let as_far = if built.len() == live.len() {
            built.iter().zip(&live).all(|(built, live)| built >= live)
        } else {
            built.iter().min() >= live.iter().max()
        };
        match self.partitions.iter().find(|partition| partition.live) {
            Some(old) if as_far => Verdict::Ready { live: old.generation, table: old.table },
            _ => Verdict::Behind,
        }
    }
}
