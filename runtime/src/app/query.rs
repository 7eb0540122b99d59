//! The read models of an application, as queries reach them.

use std::any::{TypeId, type_name};
use std::sync::Arc;

use super::Kenning;
use crate::consumer::ReadSide;
use crate::query::QueryError;
use crate::read_model::{ReadModel, Row};
use crate::store::{Select, StoreError, Table};

impl Kenning {
    /// Rows of a read model. Once the application is closed, [`StoreError::Closed`].
    pub(crate) async fn select<M: ReadModel>(&self, select: &Select) -> Result<Vec<Row>, QueryError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(StoreError::Closed.into()) };
        let (read_side, table) = self.table::<M>()?;
        Ok(read_side.select(&table, select).await?)
    }

    /// How many rows match the filter.
    pub(crate) async fn count<M: ReadModel>(&self, select: &Select) -> Result<u64, QueryError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(StoreError::Closed.into()) };
        let (read_side, table) = self.table::<M>()?;
        Ok(read_side.count(&table, select).await?)
    }

    fn table<M: ReadModel>(&self) -> Result<(&dyn ReadSide, Arc<Table>), QueryError> {
        let unknown = || QueryError::NotRegistered { read_model: type_name::<M>() };
        let read_side = self.inner.read_side.as_deref().ok_or_else(unknown)?;
        let table = read_side.table(TypeId::of::<M>()).ok_or_else(unknown)?;
        Ok((read_side, table))
    }
}
