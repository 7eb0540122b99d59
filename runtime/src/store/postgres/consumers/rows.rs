//! The rows of read models, many at a time.

use sqlx::PgConnection;

use super::error::of_table;
use super::value::Many;
use super::{column, statement};
use crate::read_model::{ColumnInfo, Row, Value};
use crate::store::postgres::core::Core;
use crate::store::{RowChanges, StoreError, Table, TableDefinition};

/// The most rows of one statement.
const ROWS: usize = 4_096;

/// The most bytes of one statement: far below what the server takes at once, which is a gigabyte.
const BYTES: usize = 32 << 20;

pub(super) async fn load(
    core: &Core,
    connection: &mut PgConnection,
    table: &Table,
    keys: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let (sql, columns, key) = (statement::load(&core.schema, table), table.definition.columns, key(table)?);
    let mut rows = Vec::with_capacity(keys.len());
    for some in keys.chunk_by(Chunk::default().by(bytes)) {
        let found = sqlx::query(sql.clone())
            .bind(Many(key.column_type, some.iter()))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| of_table(core, table, error))?;
        for row in &found {
            rows.push(column::row(row, 0, columns).map_err(|error| of_table(core, table, error))?);
        }
    }
    Ok(rows)
}

pub(super) async fn write(
    core: &Core,
    connection: &mut PgConnection,
    table: &Table,
    changes: RowChanges,
) -> Result<(), StoreError> {
    let RowChanges { upserts, deletes } = changes;
    let key = key(table)?;
    fit(&table.definition, &upserts)?;
    table.definition.check_indexed(&upserts)?;
    if !deletes.is_empty() {
        let sql = statement::delete(&core.schema, table);
        for some in deletes.chunk_by(Chunk::default().by(bytes)) {
            let query = sqlx::query(sql.clone()).bind(Many(key.column_type, some.iter()));
            query.execute(&mut *connection).await.map_err(|error| of_table(core, table, error))?;
        }
    }
    if upserts.is_empty() {
        return Ok(());
    }
    let sql = statement::upsert(&core.schema, table);
    for some in upserts.chunk_by(Chunk::default().by(|row: &Row| row.values().iter().map(bytes).sum())) {
        let mut query = sqlx::query(sql.clone());
        for (place, column) in table.definition.columns.iter().enumerate() {
            query = query.bind(Many(column.column_type, some.iter().map(move |row| &row.values()[place])));
        }
        query.execute(&mut *connection).await.map_err(|error| of_table(core, table, error))?;
    }
    Ok(())
}

fn key(table: &Table) -> Result<&'static ColumnInfo, StoreError> {
    let definition = &table.definition;
    definition.columns.get(definition.key).ok_or_else(|| {
        StoreError::Unsuitable(format!("`{}` has no column {}", definition.name, definition.key))
    })
}

/// Refuses rows that do not have the columns.
fn fit(definition: &TableDefinition, rows: &[Row]) -> Result<(), StoreError> {
    match rows.iter().find(|row| row.values().len() != definition.columns.len()) {
        Some(row) => Err(StoreError::Refused(
            format!("a row of `{}` has {} values", definition.name, row.values().len()).into(),
        )),
        None => Ok(()),
    }
}

/// About how many bytes a value takes.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) => text.len() + 4,
        _ => 20,
    }
}

/// How full a statement is.
#[derive(Default)]
struct Chunk {
    rows: usize,
    bytes: usize,
}

impl Chunk {
    /// Says of two neighbours whether they go into one statement.
    fn by<T>(mut self, bytes: impl Fn(&T) -> usize) -> impl FnMut(&T, &T) -> bool {
        move |one, _| {
            self.rows += 1;
            self.bytes += bytes(one);
            let room = self.rows < ROWS && self.bytes < BYTES;
            if !room {
                self = Self::default();
            }
            room
        }
    }
}
