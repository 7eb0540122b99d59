//! What is known of a read model's columns and indexes.

use std::marker::PhantomData;

use super::held::Plain;
use crate::schema::{ColumnType, Schema};

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

impl ColumnInfo {
    /// The column of a field of the type `T`.
    ///
    /// # Panics
    /// When no column can hold a `T`: at compile time, in a constant.
    #[must_use]
    #[track_caller]
    pub const fn of<T: Schema>(name: &'static str) -> Self {
        assert_column(T::COLUMN);
        Self::held(name, T::COLUMN, T::OPTIONAL)
    }

    /// The column of a field that is kept as JSON.
    #[must_use]
    pub const fn json(name: &'static str) -> Self {
        Self { name, column_type: ColumnType::Json, nullable: false }
    }

    /// The column may hold nothing. Of a column that is not JSON, the field's type says so.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// A column whose type has been checked elsewhere.
    pub(crate) const fn held(name: &'static str, column: Option<ColumnType>, nullable: bool) -> Self {
        match column {
            Some(column_type) => Self { name, column_type, nullable },
            None => Self { name, column_type: ColumnType::Json, nullable },
        }
    }
}

/// There is a column for the type.
///
/// # Panics
/// When there is none.
#[track_caller]
pub(crate) const fn assert_column(column: Option<ColumnType>) {
    assert!(
        column.is_some(),
        "no store can hold this type in a column\n\
         help: write `#[kenning(json)]` on the field: it is kept as JSON, which queries cannot compare\n\
         help: or give the field a type that serde writes as one string, number or boolean"
    );
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

impl IndexInfo {
    /// An index over the columns at these places.
    #[must_use]
    pub const fn over(columns: &'static [usize]) -> Self {
        Self { columns, unique: false }
    }

    /// No two rows may have the same values.
    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }
}

/// A column of the read model `M` that holds a `T`: what queries are written with. The derive makes a constant of each.
///
/// `H` says how it is [held](super::held), and so what can be asked of it: a comparison for all but JSON, a pattern for text alone.
pub struct Column<M, T, H = Plain> {
    /// Its place among the columns.
    pub(crate) place: usize,
    of: PhantomData<fn(M, T, H)>,
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
