//! Rows as stores take them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ColumnInfo, ReadModel, Value};
use crate::payload::Payload;
use crate::schema::Schema;

/// `None` as JSON.
const NULL: &str = "null";

/// A row: the values of the columns, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    values: Vec<Value>,
}

impl Row {
    /// A row of these values.
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// Its values.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Its values.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// Writes the fields of a read model into a row, in the order of the columns.
pub struct RowWriter {
    columns: &'static [ColumnInfo],
    values: Vec<Value>,
}

impl RowWriter {
    /// An empty row.
    #[must_use]
    pub fn new(columns: &'static [ColumnInfo]) -> Self {
        Self { columns, values: Vec::with_capacity(columns.len()) }
    }

    /// The next column.
    ///
    /// # Errors
    /// When the value cannot be written as its column.
    pub fn column<T: Schema + Serialize>(&mut self, field: &T) -> Result<(), ColumnError> {
        let value = Value::of(field).map_err(|error| error.at(self.next()))?;
        self.values.push(value);
        Ok(())
    }

    /// The next column, which is the key.
    ///
    /// # Errors
    /// When the key cannot be written as its column.
    pub fn key<M: ReadModel>(&mut self, row: &M) -> Result<(), ColumnError> {
        self.column(row.key())
    }

    /// The next column, as JSON. What is `null` as JSON is nothing in a column that may hold nothing.
    ///
    /// # Errors
    /// When its `Serialize` impl fails, or the value cannot be read back, such as NaN.
    pub fn json<T: Serialize + DeserializeOwned>(&mut self, field: &T) -> Result<(), ColumnError> {
        let column = self.next();
        let (json, _) = Payload::stored(column, field).map_err(|error| {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            ColumnError::new(format_args!("it {}: {}", error.problem(), why.unwrap_or_default())).at(column)
        })?;
        let text = json.as_str().to_owned();
        let nullable = self.columns.get(self.values.len()).is_some_and(|column| column.nullable);
        self.values.push(if nullable && text == NULL { Value::Null } else { Value::Json(text) });
        Ok(())
    }

    /// The row.
    #[must_use]
    pub fn finish(self) -> Row {
        Row { values: self.values }
    }

    fn next(&self) -> &'static str {
        self.columns.get(self.values.len()).map_or("?", |column| column.name)
    }
}

/// Reads the fields of a read model from a row, in the order of the columns.
pub struct RowReader {
    /// Those that were not read yet.
    columns: std::slice::Iter<'static, ColumnInfo>,
    values: std::vec::IntoIter<Value>,
}

impl RowReader {
    /// Begins with the first column.
    #[must_use]
    pub fn new(columns: &'static [ColumnInfo], row: Row) -> Self {
        Self { columns: columns.iter(), values: row.values.into_iter() }
    }

    /// The next column.
    ///
    /// # Errors
    /// When it does not fit the field.
    pub fn column<T: Schema + DeserializeOwned>(&mut self) -> Result<T, ColumnError> {
        let column = self.next();
        self.value(column)?.read().map_err(|error| error.at(column))
    }

    /// The next column, which is the key.
    ///
    /// # Errors
    /// When it does not fit the key.
    pub fn key<M: ReadModel>(&mut self) -> Result<M::Key, ColumnError> {
        self.column()
    }

    /// The next column, from JSON.
    ///
    /// # Errors
    /// When it does not fit the field.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T, ColumnError> {
        let column = self.next();
        match self.value(column)? {
            Value::Json(text) => {
                serde_json::from_str(&text).map_err(|error| ColumnError::new(error).at(column))
            }
            Value::Null => serde_json::from_str(NULL).map_err(|error| ColumnError::new(error).at(column)),
            _ => Err(ColumnError::new("it is not JSON").at(column)),
        }
    }

    fn next(&mut self) -> &'static str {
        self.columns.next().map_or("?", |column| column.name)
    }

    fn value(&mut self, column: &str) -> Result<Value, ColumnError> {
        self.values.next().ok_or_else(|| ColumnError::new("the row is too short").at(column))
    }
}

/// A field does not fit its column, or a column its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the column `{column}` does not fit: {reason}")]
pub struct ColumnError {
    column: String,
    reason: String,
}

impl ColumnError {
    pub(crate) fn new(reason: impl std::fmt::Display) -> Self {
        Self { column: "?".to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn at(mut self, column: &str) -> Self {
        column.clone_into(&mut self.column);
        self
    }
}

impl serde::ser::Error for ColumnError {
    fn custom<T: std::fmt::Display>(reason: T) -> Self {
        Self::new(reason)
    }
}

impl serde::de::Error for ColumnError {
    fn custom<T: std::fmt::Display>(reason: T) -> Self {
        Self::new(reason)
    }
}
