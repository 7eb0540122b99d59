//! Rows of read models, with their faults.

use std::sync::{Arc, PoisonError};

use kenning::read_model::{ColumnInfo, Row, Value};
use kenning::store::{
    ConsumerKind, ConsumerStore, MemoryTransaction, RowChanges, StoreError, Table, TableDefinition,
    TransactionalStore,
};

use super::Wrong;
use super::consuming::SHORT;
use crate::bites::fault::Fault;

pub(super) fn without_indexes(definition: &Arc<TableDefinition>) -> Arc<TableDefinition> {
    Arc::new(TableDefinition { indexes: &[], ..TableDefinition::clone(definition) })
}

impl Wrong {
    fn table(&self, table: &Table) -> Table {
        let mut table = table.clone();
        if self.is(Fault::AllowsDuplicates) {
            table.definition = without_indexes(&table.definition);
        }
        table
    }

    pub(super) async fn write_wrongly(
        &self,
        transaction: &mut MemoryTransaction,
        table: &Table,
        mut changes: RowChanges,
    ) -> Result<(), StoreError> {
        let mut table = self.table(table);
        match self.fault {
            Fault::IgnoresDeletes => changes.deletes.clear(),
            Fault::WritesAtMost1000Rows => changes.upserts.truncate(1_000),
            Fault::DeletesLast => {
                let upserts = RowChanges { upserts: changes.upserts, deletes: Vec::new() };
                self.store.write_rows(transaction, &table, upserts).await?;
                changes = RowChanges { upserts: Vec::new(), deletes: changes.deletes };
            }
            Fault::MixesTables => {
                let mut first = self.table_of_all.lock().unwrap_or_else(PoisonError::into_inner);
                table = first.get_or_insert(table).clone();
            }
            Fault::TakesNullsForEqual
                if table.definition.indexes.iter().any(|index| index.unique)
                    && changes.upserts.iter().any(|row| row.values().contains(&Value::Null)) =>
            {
                return Err(StoreError::Refused("equal".into()));
            }
            Fault::FillsMissingColumns | Fault::RoundsFloats => {
                changes.upserts = changes.upserts.iter().map(|row| self.changed(&table, row)).collect();
            }
            Fault::WritesRowsAtOnce => {
                let mut own = self.store.begin_batch(ConsumerKind::ReadModel, SHORT).await?;
                self.store.write_rows(&mut own, &table, changes).await?;
                return self.store.commit(own).await;
            }
            _ => {}
        }
        self.store.write_rows(transaction, &table, changes).await
    }

    fn changed(&self, table: &Table, row: &Row) -> Row {
        let change = |(value, column): (&Value, &ColumnInfo)| match value {
            Value::Null if self.is(Fault::FillsMissingColumns) && !column.nullable => Value::BigInt(0),
            #[expect(clippy::cast_possible_truncation, reason = "that is the fault")]
            Value::Double(number) if self.is(Fault::RoundsFloats) => Value::Double(f64::from(*number as f32)),
            value => value.clone(),
        };
        Row::new(row.values().iter().zip(table.definition.columns).map(change).collect())
    }
}
