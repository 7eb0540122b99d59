//! The tables of read models.

use std::sync::Arc;

use crate::read_model::{ColumnInfo, IndexInfo, Row, Value};

/// What a table looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its name while it is live.
    pub name: Arc<str>,
    /// Its columns.
    pub columns: &'static [ColumnInfo],
    /// The place of the primary key.
    pub key: usize,
    /// Its other indexes.
    pub indexes: &'static [IndexInfo],
}

/// A table of one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it looks like.
    pub definition: Arc<TableDefinition>,
    /// `None`: the live one, whatever its generation. `Some`: the one that is built for a generation.
    pub building: Option<u32>,
}

/// What is written to a table.
#[derive(Clone, Debug, Default)]
pub struct RowChanges {
    /// Rows that are inserted or replaced.
    pub upserts: Vec<Row>,
    /// The keys of rows that are deleted.
    pub deletes: Vec<Value>,
}
