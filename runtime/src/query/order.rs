//! Orders of rows.

use std::marker::PhantomData;

use crate::store::OrderKey;

/// An order of the rows of `M`: a column and a direction, as [`Column::asc`](crate::read_model::Column::asc) and
/// [`Column::desc`](crate::read_model::Column::desc) give it. Rows with nothing in the column come last when ascending and first when descending.
#[must_use = "an order is for `Query::order_by`"]
pub struct Order<M> {
    key: OrderKey,
    of: PhantomData<fn() -> M>,
}

impl<M> Order<M> {
    pub(super) fn new(column: usize, descending: bool) -> Self {
        Self { key: OrderKey { column, descending }, of: PhantomData }
    }

    pub(super) fn key(self) -> OrderKey {
        self.key
    }
}

impl<M> Clone for Order<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Order<M> {}

impl<M> std::fmt::Debug for Order<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.key.fmt(f)
    }
}
