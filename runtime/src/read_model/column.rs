//! What is known of a read model's columns and indexes.

use std::marker::PhantomData;

use crate::schema::ColumnType;

/// A column, without its type in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name in the table.
    pub name: &'static str,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether it may hold nothing: the field is an `Option`.
    pub nullable: bool,
}

/// An index over one or several columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexInfo {
    /// The places of its columns.
    pub columns: &'static [usize],
    /// Whether no two rows may have the same values in them. Rows with nothing in one of them are no duplicates.
    pub unique: bool,
}

/// A column of the read model `M` that holds a `T`: what queries are written with. The derive makes a constant of each.
pub struct Column<M, T> {
    /// Its place among the columns.
    pub(crate) place: usize,
    of: PhantomData<fn() -> (M, T)>,
}

impl<M, T> Column<M, T> {
    /// The column at a place of [`ReadModel::COLUMNS`](super::ReadModel::COLUMNS).
    #[must_use]
    pub const fn at(place: usize) -> Self {
        Self { place, of: PhantomData }
    }
}

impl<M, T> Clone for Column<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T> Copy for Column<M, T> {}
