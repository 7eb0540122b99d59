//! What an application asks of the engine, whatever its store.

use std::any::TypeId;
use std::sync::Arc;

use crate::read_model::Row;
use crate::store::{BoxFuture, Select, StoreError, Table};

/// The engine without the type of its store.
pub(crate) trait ReadSide: Send + Sync {
    /// The live table of a read model; `None`: the read model is not registered.
    fn table(&self, read_model: TypeId) -> Option<Arc<Table>>;

    /// Rows of a read model.
    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// How many rows match.
    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>>;
}
