//! Typed queries on read models: the same answers on every store.

mod column;
mod comparable;
mod error;
mod fetch;
mod filter;
mod order;

use std::fmt;
use std::marker::PhantomData;

pub use self::comparable::Comparable;
pub use self::error::QueryError;
pub use self::filter::Filter;
pub use self::order::Order;

use crate::Kenning;
use crate::check::{IntoFilter, IntoOrder};
use crate::read_model::{ColumnError, ReadModel, Row, Value};
use crate::store::{Condition, OrderKey, Select};

/// A query on the rows of a read model. [`Kenning::query`](crate::Kenning::query) begins one; [`fetch`](Self::fetch) and its like end it.
///
/// It sees what the read model's consumer has committed, which may be behind the events that were appended. [`docs::queries`](crate::docs::queries) tells what is asked in SQL.
#[must_use = "a query is asked when it is fetched"]
pub struct Query<M> {
    app: Kenning,
    filter: Option<Condition>,
    order: Vec<OrderKey>,
    after: Option<Row>,
    limit: Option<u64>,
    offset: u64,
    /// The first value that no column can hold.
    mistake: Option<ColumnError>,
    of: PhantomData<fn() -> M>,
}

impl<M: ReadModel> Query<M> {
    pub(crate) fn new(app: Kenning) -> Self {
        Self {
            app,
            filter: None,
            order: Vec::new(),
            after: None,
            limit: None,
            offset: 0,
            mistake: None,
            of: PhantomData,
        }
    }

    /// Only rows for which the filter is true. Said again: those for which all of them are.
    pub fn filter(mut self, filter: impl IntoFilter<M>) -> Self {
        match filter.into_filter().into_condition() {
            Ok(condition) => self.filter = Some(filter::both(self.filter.take(), condition)),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// In this order: of a [`Column`](crate::read_model::Column) alone, ascending. A further call orders rows that are equal so
    /// far. The key, ascending, decides last: the order of two rows is never open.
    pub fn order_by(mut self, order: impl IntoOrder<M>) -> Self {
        self.order.push(order.into_order().key());
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Passes over so many rows first. The store reads what it passes over: for pages that follow each other [`after`](Self::after) is the fast way, and the one that neither
    /// repeats nor skips a row when others come and go.
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = rows;
        self
    }

    /// Goes on after a row, in the order of the query: the last one of the page before. The row need not be there any more, and need not match the filter. Of the row only the
    /// key and the columns of the order matter.
    pub fn after(mut self, row: &M) -> Self {
        match row.to_row() {
            Ok(row) => self.after = Some(row),
            Err(error) => self.refuse(error),
        }
        self
    }

    fn refuse(&mut self, error: ColumnError) {
        self.mistake.get_or_insert(error);
    }

    fn select(&self) -> Select {
        let mut select = Select::default();
        select.filter.clone_from(&self.filter);
        select.order.clone_from(&self.order);
        select.after = self.after.as_ref().map(|row| self.place_of(row));
        select.limit = self.limit;
        select.offset = self.offset;
        select
    }

    /// The place of a row in the query's order.
    fn place_of(&self, row: &Row) -> Vec<Value> {
        let columns = self.order.iter().map(|key| key.column).chain([M::KEY]);
        columns.filter_map(|column| row.values().get(column).cloned()).collect()
    }
}

impl<M> Clone for Query<M> {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            filter: self.filter.clone(),
            order: self.order.clone(),
            after: self.after.clone(),
            limit: self.limit,
            offset: self.offset,
            mistake: self.mistake.clone(),
            of: PhantomData,
        }
    }
}

impl<M: ReadModel> fmt::Debug for Query<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("table", &M::TABLE).field("select", &self.select()).finish()
    }
}
