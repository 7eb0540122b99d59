//! Opening consumers, and building them anew.

use sqlx::{PgConnection, SqlSafeStr};

use super::error::{error, of_definition};
use super::generation::{self, Generation, Generations};
use super::{name, start, statement};
use crate::store::postgres::begin::begin;
use crate::store::postgres::core::{Core, pause};
use crate::store::postgres::losses;
use crate::store::{ConsumerSpec, Opened, StoreError, Table, TableDefinition};
use crate::stream::StreamName;

/// How often a lock is waited for anew.
const ATTEMPTS: u32 = 12;

/// An index over a large table takes its time, as does the search for a start; who waits for a lock of ours gives up after a while.
const BEGIN: &str = "begin; set local statement_timeout = 0; set local lock_timeout = '20s'";

/// `raise`: a consumer of a lower version gets this one.
pub(super) async fn open(core: &Core, spec: &ConsumerSpec, raise: bool) -> Result<Opened, StoreError> {
    if let Some(table) = &spec.table {
        name::check(table)?;
    }
    let mut attempt = 1;
    loop {
        match open_once(core, spec, raise).await {
            Err(StoreError::Contention(why)) if attempt < ATTEMPTS => {
                tracing::debug!(consumer = &*spec.name, attempt, error = %why, "opens the consumer again");
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn open_once(core: &Core, spec: &ConsumerSpec, raise: bool) -> Result<Opened, StoreError> {
    let mut transaction = losses::read(core, || begin(&core.pool, Some(BEGIN.into_sql_str()))).await?;
    let found = lock(core, &mut transaction, spec).await?;
    let opened = open_in(core, &mut transaction, spec, found, raise).await?;
    transaction.commit().await.map_err(|found| error(core, found))?;
    Ok(opened)
}

pub(super) async fn lock(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
) -> Result<Generations, StoreError> {
    let lock = generation::lock(core, &mut *connection, &spec.name).await;
    lock.map_err(|found| error(core, found))?;
    let found = generation::find(core, connection, &spec.name).await.map_err(|found| error(core, found))?;
    if let Some(live) = &found.live
        && live.kind != spec.kind.as_str()
    {
        let (is, opened) = (&live.kind, spec.kind.as_str());
        return Err(unsuitable(
            spec,
            format_args!("is a {is} in the store, and this process has a {opened}"),
        ));
    }
    Ok(found)
}

async fn open_in(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    found: Generations,
    raise: bool,
) -> Result<Opened, StoreError> {
    let version = i64::from(spec.version);
    let Some(live) = &found.live else {
        let start = start::position(core, &mut *connection, spec.start).await;
        let start = start.map_err(|found| error(core, found))?;
        let made = generation::make(core, connection, spec, None, start).await?;
        return Ok(Opened { generation: Some(made), live: true });
    };
    for found in [Some(live), found.building.as_ref()].into_iter().flatten() {
        if found.version == version {
            agree(core, connection, spec, found).await?;
        }
    }
    let older = Opened { generation: None, live: false };
    if live.version >= version {
        let same = live.version == version;
        return Ok(if same {
            Opened { generation: Some(live.number.cast_unsigned()), live: true }
        } else {
            older
        });
    }
    if !raise {
        return Ok(older);
    }
    if spec.kind.goes_on() {
        return self::raise(core, connection, spec, &found).await;
    }
    if let Some(building) = &found.building {
        if building.version > version {
            return Ok(older);
        }
        if building.version == version {
            return Ok(Opened { generation: Some(building.number.cast_unsigned()), live: false });
        }
        let gone = generation::throw_away(core, &mut *connection, &spec.name, building).await;
        gone.map_err(|found| error(core, found))?;
    }
    let made = generation::make(core, connection, spec, Some(live), 0).await?;
    Ok(Opened { generation: Some(made), live: false })
}

/// Gives the live generation a lower version in its place, when no worker of the higher one asks for leases.
pub(super) async fn lower(core: &Core, spec: &ConsumerSpec) -> Result<bool, StoreError> {
    let mut transaction = losses::read(core, || begin(&core.pool, Some(BEGIN.into_sql_str()))).await?;
    let found = lock(core, &mut transaction, spec).await?;
    let live = found.live.as_ref();
    let lowers = live.is_some_and(|live| live.version > i64::from(spec.version)) && spec.kind.goes_on();
    let (true, Some(live)) = (lowers, live) else { return Ok(false) };
    let running: bool = sqlx::query_scalar(core.sql.is_generation_running.clone())
        .bind(&*spec.name)
        .bind(live.number)
        .fetch_one(&mut *transaction)
        .await
        .map_err(|found| error(core, found))?;
    if running {
        return Ok(false);
    }
    raise(core, &mut transaction, spec, &found).await?;
    transaction.commit().await.map_err(|found| error(core, found))?;
    Ok(true)
}

/// Gives the live generation another version in its place.
async fn raise(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    Generations { live, building }: &Generations,
) -> Result<Opened, StoreError> {
    let Some(live) = live else { return Err(unsuitable(spec, "was never opened")) };
    if let Some(building) = building {
        let gone = generation::throw_away(core, &mut *connection, &spec.name, building).await;
        gone.map_err(|found| error(core, found))?;
    }
    let raised = generation::raise(core, &mut *connection, spec, live).await;
    let raised = raised.map_err(|found| error(core, found))?;
    if live.partitions != generation::partitions(spec) {
        let divided = divide(core, connection, spec, raised.cast_signed()).await;
        divided.map_err(|found| error(core, found))?;
    }
    Ok(Opened { generation: Some(raised), live: true })
}

pub(super) async fn rebuild(core: &Core, spec: &ConsumerSpec) -> Result<u32, StoreError> {
    if let Some(table) = &spec.table {
        name::check(table)?;
    }
    let mut transaction = losses::read(core, || begin(&core.pool, Some(BEGIN.into_sql_str()))).await?;
    let found = lock(core, &mut transaction, spec).await?;
    let Some(live) = &found.live else { return Err(unsuitable(spec, "was never opened")) };
    if live.version > i64::from(spec.version) {
        return Err(unsuitable(spec, "is of a newer version in the store"));
    }
    if let Some(building) = &found.building {
        return Ok(building.number.cast_unsigned());
    }
    let made = generation::make(core, &mut transaction, spec, Some(live), 0).await?;
    transaction.commit().await.map_err(|found| error(core, found))?;
    Ok(made)
}

/// Makes what is there as the declaration of the same version says, where that can be.
async fn agree(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    found: &Generation,
) -> Result<(), StoreError> {
    let columns = generation::columns(spec);
    if found.columns != columns {
        let words = |columns: &Option<String>| columns.clone().unwrap_or_else(|| "no table".to_owned());
        return Err(unsuitable(
            spec,
            format_args!(
                "has other columns in the store: raise `version`. Stored: {}; declared: {}",
                words(&found.columns),
                words(&columns)
            ),
        ));
    }
    if let Some(definition) = &spec.table {
        index_as(core, connection, definition, found).await?;
    }
    let partitions = generation::partitions(spec);
    if found.partitions == partitions {
        return Ok(());
    }
    let begun = repartition(core, connection, spec, found, partitions).await;
    if begun.map_err(|found| error(core, found))? {
        let is = found.partitions;
        return Err(unsuitable(
            spec,
            format_args!("has {is} partitions in the store and has begun: raise `version`"),
        ));
    }
    Ok(())
}

/// Makes the indexes that are missing, and drops those of ours that are not declared any more. What others have made stays.
async fn index_as(
    core: &Core,
    connection: &mut PgConnection,
    definition: &std::sync::Arc<TableDefinition>,
    found: &Generation,
) -> Result<(), StoreError> {
    let generation = found.number.cast_unsigned();
    let table = Table { definition: definition.clone(), building: (!found.live).then_some(generation) };
    let there: Vec<String> = sqlx::query_scalar(core.sql.find_indexes.clone())
        .bind(name::table(&core.schema, &table))
        .fetch_all(&mut *connection)
        .await
        .map_err(|found| error(core, found))?;
    let wanted = |index| name::index(definition, generation, index);
    let ours = there.iter().filter(|index| name::is_index(&definition.name, generation, index));
    for index in ours.filter(|name| definition.indexes.iter().all(|index| wanted(index) != **name)) {
        let drop = sqlx::query(statement::drop_index(&core.schema, index)).execute(&mut *connection).await;
        drop.map_err(|found| of_definition(core, &definition.name, found))?;
    }
    for index in definition.indexes.iter().filter(|index| !there.contains(&wanted(index))) {
        let create = statement::create_index(&core.schema, &table, generation, index);
        let made = sqlx::query(create).execute(&mut *connection).await;
        made.map_err(|found| of_definition(core, &definition.name, found))?;
    }
    Ok(())
}

/// Gives a generation that stands at the beginning another number of partitions; says whether it has begun, and nothing was done.
async fn repartition(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    found: &Generation,
    partitions: i32,
) -> Result<bool, sqlx::Error> {
    let positions: Vec<i64> = sqlx::query_scalar(core.sql.lock_positions.clone())
        .bind(&*spec.name)
        .bind(found.number)
        .fetch_all(&mut *connection)
        .await?;
    if positions.iter().any(|position| *position != 0) {
        return Ok(true);
    }
    let epoch: i64 = sqlx::query_scalar(core.sql.repartition.clone())
        .bind(&*spec.name)
        .bind(found.number)
        .bind(partitions)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query(core.sql.insert_partitions.clone())
        .bind(&*spec.name)
        .bind(found.number)
        .bind(partitions)
        .bind(epoch)
        .execute(connection)
        .await?;
    Ok(false)
}

/// Divides a generation without leases into as many partitions as are declared. All of them begin
/// where the one was that is furthest behind: what is handled again causes nothing again, by its
/// ids.
async fn divide(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    generation: i32,
) -> Result<(), sqlx::Error> {
    let streams: Vec<String> = sqlx::query_scalar(core.sql.parked_streams_of_all.clone())
        .bind(&*spec.name)
        .bind(generation)
        .fetch_all(&mut *connection)
        .await?;
    let partition = |name: &String| {
        // A name that was stored is one.
        let stream = StreamName::parse(name).ok();
        stream.map_or(0, |stream| i32::from(stream.partition(spec.partitions.max(1))))
    };
    let partitions: Vec<i32> = streams.iter().map(partition).collect();
    sqlx::query(core.sql.divide.clone())
        .bind(&*spec.name)
        .bind(generation)
        .bind(generation::partitions(spec))
        .bind(streams)
        .bind(partitions)
        .execute(connection)
        .await
        .map(drop)
}

fn unsuitable(spec: &ConsumerSpec, what: impl std::fmt::Display) -> StoreError {
    StoreError::Unsuitable(format!("the consumer `{}` {what}", spec.name))
}
