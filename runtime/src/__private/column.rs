//! The columns of read models, as the derive writes them. That a type has a column is [asserted](super::assert_column) apart from that, once for each field, so
//! that each that has none is reported.

use crate::read_model::ColumnInfo;
use crate::schema::ColumnType;

/// A column of the type that a field's type says, with whether it may hold nothing.
#[must_use]
pub const fn column(name: &'static str, (held, nullable): (Option<ColumnType>, bool)) -> ColumnInfo {
    ColumnInfo::held(name, held, nullable)
}
