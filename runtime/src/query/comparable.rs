//! What a column is compared with.

use serde::Serialize;

use crate::read_model::{ColumnError, Value};
use crate::schema::Schema;

/// What a column of the type `T` can be compared with: a `T`, or a reference to one; for a column of `Option<U>` a `U` as well; for one of `String` a `&str`.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` cannot be compared with `{Self}`",
    label = "expected `{T}`",
    note = "give a value of the column's own type; for a column of `Option<U>` a `U` will do, for one of `String` a `&str`"
)]
pub trait Comparable<T> {
    /// The value as the column holds it; `Null` for `None`.
    ///
    /// # Errors
    /// When the column cannot hold it.
    fn into_value(self) -> Result<Value, ColumnError>;
}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize> Comparable<T> for T {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::of(&self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize> Comparable<T> for &T {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::of(self)
    }
}

#[diagnostic::do_not_recommend]
impl<U: Schema + Serialize> Comparable<Option<U>> for U {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::of(&self)
    }
}

#[diagnostic::do_not_recommend]
impl<U: Schema + Serialize> Comparable<Option<U>> for &U {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::of(self)
    }
}

#[diagnostic::do_not_recommend]
impl Comparable<String> for &str {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::text(self)
    }
}

#[diagnostic::do_not_recommend]
impl Comparable<Option<String>> for &str {
    fn into_value(self) -> Result<Value, ColumnError> {
        Value::text(self)
    }
}
