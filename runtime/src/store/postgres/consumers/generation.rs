//! The generations of a consumer: the live one, and one that is being built.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::error::{error, of_definition};
use super::{name, statement};
use crate::store::postgres::core::Core;
use crate::store::{ConsumerSpec, StoreError, Table};

/// A generation as it is stored.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) number: i32,
    pub(super) version: i64,
    pub(super) kind: String,
    pub(super) live: bool,
    pub(super) paused: bool,
    pub(super) partitions: i32,
    /// Of the live one, the last number that was given.
    pub(super) last: i32,
    pub(super) columns: Option<String>,
}

impl Generation {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.try_get(0)?,
            version: row.try_get(1)?,
            kind: row.try_get(2)?,
            live: row.try_get(3)?,
            paused: row.try_get(4)?,
            partitions: row.try_get(5)?,
            last: row.try_get(6)?,
            columns: row.try_get(7)?,
        })
    }
}

/// The live generation and the one that is being built.
#[derive(Debug, Default)]
pub(super) struct Generations {
    pub(super) live: Option<Generation>,
    pub(super) building: Option<Generation>,
}

/// Until the end of the transaction nobody else makes or takes away generations of the consumer.
pub(super) async fn lock(
    core: &Core,
    connection: &mut PgConnection,
    consumer: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(core.sql.lock_consumer.clone()).bind(consumer).execute(connection).await.map(drop)
}

pub(super) async fn find(
    core: &Core,
    connection: &mut PgConnection,
    consumer: &str,
) -> Result<Generations, sqlx::Error> {
    let rows = sqlx::query(core.sql.find_generations.clone()).bind(consumer).fetch_all(connection).await?;
    let mut found = Generations::default();
    for row in &rows {
        let generation = Generation::read(row)?;
        if generation.live {
            found.live = Some(generation);
        } else {
            found.building = Some(generation);
        }
    }
    Ok(found)
}

/// What the table of a declaration looks like; `None`: it has none.
pub(super) fn columns(spec: &ConsumerSpec) -> Option<String> {
    spec.table.as_deref().map(statement::shape)
}

/// How many partitions a declaration asks for.
pub(super) fn partitions(spec: &ConsumerSpec) -> i32 {
    i32::from(spec.partitions.max(1))
}

/// Makes a generation with its partitions, its table and its indexes: the live one with the number 1, or another beside that.
pub(super) async fn make(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    live: Option<&Generation>,
    start: i64,
) -> Result<u32, StoreError> {
    let number = live.map_or(1, |live| live.last.saturating_add(1));
    let generation = number.cast_unsigned();
    if let Some(definition) = &spec.table {
        let building = live.map(|_| generation);
        let table = Table { definition: definition.clone(), building };
        let named = name::plain(&definition.name, building);
        let create = statement::create_table(&core.schema, &table, generation);
        let made = sqlx::query(create).execute(&mut *connection).await;
        made.map_err(|found| of_definition(core, &named, found))?;
        for index in definition.indexes {
            let create = statement::create_index(&core.schema, &table, generation, index);
            let made = sqlx::query(create).execute(&mut *connection).await;
            made.map_err(|found| of_definition(core, &named, found))?;
        }
    }
    sqlx::query(core.sql.insert_generation.clone())
        .bind(&*spec.name)
        .bind(number)
        .bind(i64::from(spec.version))
        .bind(spec.kind.as_str())
        .bind(live.is_none())
        .bind(live.is_some_and(|live| live.paused))
        .bind(partitions(spec))
        .bind(columns(spec))
        .bind(start)
        .execute(connection)
        .await
        .map_err(|found| error(core, found))?;
    Ok(generation)
}

/// Gives the live generation the version of a declaration, and a number of its own. Nothing else of it changes; its leases are lost.
pub(super) async fn raise(
    core: &Core,
    connection: &mut PgConnection,
    spec: &ConsumerSpec,
    live: &Generation,
) -> Result<u32, sqlx::Error> {
    let number = live.last.saturating_add(1);
    sqlx::query(core.sql.raise_version.clone())
        .bind(&*spec.name)
        .bind(live.number)
        .bind(number)
        .bind(i64::from(spec.version))
        .execute(connection)
        .await?;
    Ok(number.cast_unsigned())
}

/// Takes a generation away that is being built.
pub(super) async fn throw_away(
    core: &Core,
    connection: &mut PgConnection,
    consumer: &str,
    building: &Generation,
) -> Result<(), sqlx::Error> {
    // The table first, as in a batch: who waits for each other would do so in one order.
    if building.columns.is_some() {
        let table = name::plain(consumer, Some(building.number.cast_unsigned()));
        sqlx::query(statement::drop_table(&core.schema, &table)).execute(&mut *connection).await?;
    }
    delete(core, connection, consumer, building.number).await
}

/// Forgets a generation; its table is another matter.
pub(super) async fn delete(
    core: &Core,
    connection: &mut PgConnection,
    consumer: &str,
    number: i32,
) -> Result<(), sqlx::Error> {
    let delete = sqlx::query(core.sql.delete_generation.clone()).bind(consumer).bind(number);
    delete.execute(connection).await.map(drop)
}
