//! Columns of read models in SQL text, and rows as they are read.

use sqlx::postgres::PgRow;

use super::name::quoted;
use super::value;
use crate::read_model::{ColumnInfo, Row};
use crate::schema::ColumnType;

/// The type of a column, as a parameter is cast to.
pub(in crate::store::postgres) fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Boolean => "boolean",
        ColumnType::SmallInt => "smallint",
        ColumnType::Integer => "integer",
        ColumnType::BigInt => "bigint",
        ColumnType::Numeric => "numeric",
        ColumnType::Real => "real",
        ColumnType::Double => "double precision",
        ColumnType::Text => "text",
        ColumnType::Uuid => "uuid",
        ColumnType::Timestamp => "timestamptz",
        ColumnType::Json => "json",
    }
}

/// All columns in their order, as [`row`] reads them.
pub(in crate::store::postgres) fn list(columns: &[ColumnInfo]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quoted(column.name)).collect();
    names.join(", ")
}

/// A column where its table is made.
pub(super) fn definition(column: &ColumnInfo) -> String {
    let collation = if column.column_type == ColumnType::Text { " collate \"C\"" } else { "" };
    let nothing = if column.nullable { "" } else { " not null" };
    format!("{} {}{collation}{nothing}", quoted(column.name), type_name(column.column_type))
}

/// Reads a row whose columns, from `first` on, are those of [`list`].
pub(in crate::store::postgres) fn row(
    row: &PgRow,
    first: usize,
    columns: &[ColumnInfo],
) -> Result<Row, sqlx::Error> {
    let values = (first..).zip(columns).map(|(place, column)| value::read(row, place, column.column_type));
    values.collect::<Result<Vec<_>, _>>().map(Row::new)
}
