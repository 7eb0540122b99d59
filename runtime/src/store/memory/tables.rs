//! The tables of read models in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::read_model::{Row, Value};
use crate::store::{RowChanges, StoreError, TableDefinition};

/// The rows of one generation, by key.
pub(super) struct MemoryTable {
    definition: Arc<TableDefinition>,
    rows: BTreeMap<Value, Row>,
    unique: Vec<Unique>,
}

/// What a transaction has written to a table and not committed.
#[derive(Default)]
pub(super) struct Changes {
    /// `None`: deleted.
    rows: BTreeMap<Value, Option<Row>>,
    unique: Vec<HashMap<Vec<Value>, Value>>,
}

/// A unique index: whose row has the values.
struct Unique {
    columns: &'static [usize],
    keys: HashMap<Vec<Value>, Value>,
}

impl MemoryTable {
    /// An empty table.
    pub(super) fn new(definition: Arc<TableDefinition>) -> Self {
        let unique = uniques(&definition);
        Self { definition, rows: BTreeMap::new(), unique }
    }

    /// What it looks like.
    pub(super) fn definition(&self) -> &TableDefinition {
        &self.definition
    }

    /// Has the indexes of a newer definition with the same columns.
    pub(super) fn index_as(&mut self, definition: Arc<TableDefinition>) -> Result<(), StoreError> {
        definition.check_indexed(self.rows.values())?;
        let mut unique = uniques(&definition);
        for (key, row) in &self.rows {
            for index in &mut unique {
                let Some(values) = indexed(index.columns, row) else { continue };
                if index.keys.insert(values, key.clone()).is_some() {
                    return Err(duplicate(&definition, index.columns, row));
                }
            }
        }
        self.definition = definition;
        self.unique = unique;
        Ok(())
    }

    /// Its rows, by their keys.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.values()
    }

    /// The row with a key.
    pub(super) fn row(&self, key: &Value) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Deletes all rows.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.unique = uniques(&self.definition);
    }

    /// Takes what a transaction has written, which [`check`](Self::check) has accepted under the same lock.
    pub(super) fn apply(&mut self, changes: Changes) {
        for key in changes.rows.keys() {
            if let Some(row) = self.rows.remove(key) {
                for index in &mut self.unique {
                    if let Some(values) = indexed(index.columns, &row) {
                        index.keys.remove(&values);
                    }
                }
            }
        }
        for (key, row) in changes.rows {
            let Some(row) = row else { continue };
            for index in &mut self.unique {
                if let Some(values) = indexed(index.columns, &row) {
                    index.keys.insert(values, key.clone());
                }
            }
            self.rows.insert(key, row);
        }
    }

    /// Refuses what breaks a unique index by now: others have committed rows since, and indexes may have been added.
    pub(super) fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        for index in &self.unique {
            let mut own = HashMap::new();
            for (key, row) in changes.rows.iter().filter_map(|(key, row)| Some((key, row.as_ref()?))) {
                let Some(values) = indexed(index.columns, row) else { continue };
                let taken = index.taken(&values, key, changes);
                if own.insert(values, key).is_some() || taken {
                    return Err(duplicate(&self.definition, index.columns, row));
                }
            }
        }
        Ok(())
    }

    /// Refuses a row that does not fit the columns; gives its key.
    fn fit(&self, row: &Row) -> Result<Value, StoreError> {
        let (columns, values) = (self.definition.columns, row.values());
        if columns.len() != values.len() {
            return Err(self.misfit("it has another number of columns"));
        }
        for (column, value) in columns.iter().zip(values) {
            let fits = match value {
                Value::Null => column.nullable,
                value => value.column_type() == Some(column.column_type),
            };
            if !fits {
                return Err(self.misfit(&format!("`{}` cannot hold {value}", column.name)));
            }
        }
        values.get(self.definition.key).cloned().ok_or_else(|| self.misfit("it has no key"))
    }

    fn misfit(&self, why: &str) -> StoreError {
        StoreError::Refused(format!("a row does not fit `{}`: {why}", self.definition.name).into())
    }
}

impl Changes {
    /// A row as the transaction sees it.
    pub(super) fn get<'a>(&'a self, table: &'a MemoryTable, key: &Value) -> Option<&'a Row> {
        match self.rows.get(key) {
            Some(own) => own.as_ref(),
            None => table.rows.get(key),
        }
    }

    /// Deletes rows and inserts or replaces others, one by one, as PostgreSQL checks them.
    pub(super) fn write(&mut self, table: &MemoryTable, changes: RowChanges) -> Result<(), StoreError> {
        table.definition.check_indexed(&changes.upserts)?;
        self.unique.resize_with(table.unique.len(), HashMap::new);
        for key in changes.deletes {
            self.withdraw(table, &key);
            self.rows.insert(key, None);
        }
        for row in changes.upserts {
            let key = table.fit(&row)?;
            self.withdraw(table, &key);
            for (place, index) in table.unique.iter().enumerate() {
                let Some(values) = indexed(index.columns, &row) else { continue };
                let taken = index.taken(&values, &key, self);
                let Some(own) = self.unique.get_mut(place) else { continue };
                if own.insert(values, key.clone()).is_some() || taken {
                    return Err(duplicate(&table.definition, index.columns, &row));
                }
            }
            self.rows.insert(key, Some(row));
        }
        Ok(())
    }

    /// Takes the places in the unique indexes back that an own row has.
    fn withdraw(&mut self, table: &MemoryTable, key: &Value) {
        let Some(Some(row)) = self.rows.get(key) else { return };
        for (index, keys) in table.unique.iter().zip(&mut self.unique) {
            if let Some(values) = indexed(index.columns, row) {
                keys.remove(&values);
            }
        }
    }
}

impl Unique {
    /// Whether a committed row that the transaction has not changed has these values under another key.
    fn taken(&self, values: &[Value], key: &Value, changes: &Changes) -> bool {
        self.keys.get(values).is_some_and(|theirs| theirs != key && !changes.rows.contains_key(theirs))
    }
}

fn uniques(definition: &TableDefinition) -> Vec<Unique> {
    let unique = definition.indexes.iter().filter(|index| index.unique);
    unique.map(|index| Unique { columns: index.columns, keys: HashMap::new() }).collect()
}

/// The values of an index; `None`: one of them is nothing, and the row is no duplicate of any.
fn indexed(columns: &[usize], row: &Row) -> Option<Vec<Value>> {
    let values =
        columns.iter().map(|column| row.values().get(*column).filter(|value| **value != Value::Null));
    values.map(Option::<&Value>::cloned).collect()
}

fn duplicate(definition: &TableDefinition, columns: &[usize], row: &Row) -> StoreError {
    let names: Vec<_> =
        columns.iter().filter_map(|place| Some(definition.columns.get(*place)?.name)).collect();
    let values: Vec<_> = indexed(columns, row).into_iter().flatten().map(|value| value.to_string()).collect();
    let (name, names, values) = (&definition.name, names.join(", "), values.join(", "));
    StoreError::Refused(format!("two rows of `{name}` would have the same ({names}): ({values})").into())
}
