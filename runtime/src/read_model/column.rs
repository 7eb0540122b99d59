//! What is known of a read model's columns and indexes.

use std::marker::PhantomData;

use super::held::Plain;
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
///
/// `H` says how it is [held](super::held), and so what can be asked of it: a comparison for all but JSON, a pattern for text alone.
pub struct Column<M, T, H = Plain> {
    /// Its place among the columns.
    pub(crate) place: usize,
    of: PhantomData<fn() -> (M, T, H)>,
}

impl<M, T, H> Column<M, T, H> {
    /// The column at a place of [`ReadModel::COLUMNS`](super::ReadModel::COLUMNS).
    #[must_use]
    pub const fn at(place: usize) -> Self {
        Self { place, of: PhantomData }
    }
}

impl<M, T, H> Clone for Column<M, T, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T, H> Copy for Column<M, T, H> {}
