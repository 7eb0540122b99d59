//! The tables of read models.

use std::sync::Arc;

use crate::limits::MAX_INDEXED;
use crate::read_model::{ColumnInfo, IndexInfo, Row, Value};
use crate::store::StoreError;

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

impl TableDefinition {
    /// Refuses rows that an index or the key cannot hold, with more than [`MAX_INDEXED`] bytes in it.
    /// Every store calls it before it writes.
    ///
    /// # Errors
    /// [`StoreError::Refused`], with the index and the limit.
    pub fn check_indexed<'a>(&self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), StoreError> {
        for row in rows {
            self.check_columns("the key", &[self.key], row)?;
            for index in self.indexes {
                self.check_columns(
                    if index.unique { "a unique index" } else { "an index" },
                    index.columns,
                    row,
                )?;
            }
        }
        Ok(())
    }

    fn check_columns(&self, what: &str, columns: &[usize], row: &Row) -> Result<(), StoreError> {
        let bytes: usize = columns.iter().filter_map(|place| row.values().get(*place)).map(bytes).sum();
        if bytes <= MAX_INDEXED {
            return Ok(());
        }
        let names = columns.iter().filter_map(|place| Some(self.columns.get(*place)?.name));
        let names: Vec<_> = names.collect();
        let (table, names) = (&self.name, names.join(", "));
        Err(StoreError::Refused(
            format!(
                "a row of `{table}` has {bytes} bytes in {what} ({names}), and the limit is {MAX_INDEXED}: \
                 store a shorter text, or leave the index out"
            )
            .into(),
        ))
    }
}

fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Null => 0,
        _ => 20,
    }
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
