//! The statements on the tables of read models: all SQL with a name in it that a declaration gives.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{column, name};
use crate::read_model::{ColumnInfo, IndexInfo};
use crate::store::postgres::sql::Schema;
use crate::store::{Table, TableDefinition};

/// Names are checked by [`name::check`] before anything is made of them, and stand in quotes; values are parameters.
fn statement(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

fn key(definition: &TableDefinition) -> String {
    definition.columns.get(definition.key).map_or_else(String::new, |column| name::quoted(column.name))
}

/// The rows with keys of an array.
pub(super) fn load(schema: &Schema, table: &Table) -> SqlStr {
    let definition = &*table.definition;
    let (columns, of) = (column::list(definition.columns), name::table(schema, table));
    statement(format!("select {columns} from {of} where {} = any ($1)", key(definition)))
}

/// Deletes the rows with keys of an array.
pub(super) fn delete(schema: &Schema, table: &Table) -> SqlStr {
    statement(format!(
        "delete from {} where {} = any ($1)",
        name::table(schema, table),
        key(&table.definition)
    ))
}

/// Inserts or replaces rows, given as an array for each column.
pub(super) fn upsert(schema: &Schema, table: &Table) -> SqlStr {
    let definition = &*table.definition;
    let (columns, of) = (column::list(definition.columns), name::table(schema, table));
    let arrays: Vec<_> = (1..=definition.columns.len()).map(|nth| format!("${nth}")).collect();
    let set = |column: &ColumnInfo| {
        let name = name::quoted(column.name);
        format!("{name} = excluded.{name}")
    };
    let others = definition.columns.iter().enumerate().filter(|(place, _)| *place != definition.key);
    let sets: Vec<_> = others.map(|(_, column)| set(column)).collect();
    let then = if sets.is_empty() { "nothing".to_owned() } else { format!("update set {}", sets.join(", ")) };
    let (key, arrays) = (key(definition), arrays.join(", "));
    statement(format!(
        "insert into {of} ({columns}) select * from unnest({arrays}) on conflict ({key}) do {then}"
    ))
}

/// What the columns look like, to be compared with those of another release.
pub(super) fn shape(definition: &TableDefinition) -> String {
    let columns: Vec<_> = definition.columns.iter().map(column::definition).collect();
    format!("{}, primary key ({})", columns.join(", "), key(definition))
}

/// Makes the table of a generation.
pub(super) fn create_table(schema: &Schema, table: &Table, generation: u32) -> SqlStr {
    let definition = &*table.definition;
    let columns: Vec<_> = definition.columns.iter().map(column::definition).collect();
    let constraint = name::quoted(&name::key(&definition.name, generation));
    statement(format!(
        "create table {} ({}, constraint {constraint} primary key ({}))",
        name::table(schema, table),
        columns.join(", "),
        key(definition)
    ))
}

/// Makes an index of a generation's table.
pub(super) fn create_index(schema: &Schema, table: &Table, generation: u32, index: &IndexInfo) -> SqlStr {
    let definition = &*table.definition;
    let columns = index.columns.iter().filter_map(|place| definition.columns.get(*place));
    let columns: Vec<_> = columns.map(|column| name::quoted(column.name)).collect();
    statement(format!(
        "create {}index {} on {} ({})",
        if index.unique { "unique " } else { "" },
        name::quoted(&name::index(definition, generation, index)),
        name::table(schema, table),
        columns.join(", ")
    ))
}

pub(super) fn drop_index(schema: &Schema, index: &str) -> SqlStr {
    statement(format!("drop index {}", name::qualified(schema, index)))
}

pub(super) fn drop_table(schema: &Schema, table: &str) -> SqlStr {
    statement(format!("drop table {}", name::qualified(schema, table)))
}

pub(super) fn empty_table(schema: &Schema, table: &str) -> SqlStr {
    statement(format!("truncate table {}", name::qualified(schema, table)))
}

/// Locks both tables of a swap, so that nobody reads or writes them.
pub(super) fn lock_tables(schema: &Schema, live: &str, building: &str) -> SqlStr {
    let (live, building) = (name::qualified(schema, live), name::qualified(schema, building));
    statement(format!("lock table {live}, {building} in access exclusive mode"))
}

/// Begins a transaction that gives up a lock after a while.
pub(super) fn begin_patient(milliseconds: u128) -> SqlStr {
    statement(format!("begin; set local lock_timeout = {milliseconds}"))
}

/// Begins a transaction that the server ends when it idles for so many milliseconds, for statements of ours alone or for others as well, each of which may take so many.
pub(super) fn begin_batch(idle: u128, others: Option<u128>) -> SqlStr {
    let local = match others {
        // A plan that scans the table, made when it was small, would be kept when it has grown.
        None => "set local enable_seqscan = off; set local enable_bitmapscan = off".to_owned(),
        // A handler that is given up leaves its statement behind: the server ends that, so that the connection is of use again.
        Some(each) => format!("set local statement_timeout = {each}"),
    };
    statement(format!("begin; set local idle_in_transaction_session_timeout = {idle}; {local}"))
}
