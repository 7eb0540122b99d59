//! Queries on the tables of read models, without types: places of columns, and values.

use super::TableDefinition;
use crate::read_model::{ColumnError, ColumnInfo, Value};
use crate::schema::ColumnType;

/// How many comparisons one query has at the most: PostgreSQL binds no more than 65,535 values. A list of values is one comparison.
const MAX_COMPARISONS: usize = 10_000;

/// How deep conditions are nested at the most: stores walk them by recursion.
const MAX_DEPTH: usize = 100;

/// Which rows are read, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// Which rows; `None`: all.
    pub filter: Option<Condition>,
    /// In which order. The key decides last, ascending, so that the order of two rows is never open.
    pub order: Vec<OrderKey>,
    /// Begins after the row that has these values in the columns of `order` and, last, as its key.
    pub after: Option<Vec<Value>>,
    /// How many rows at the most.
    pub limit: Option<u64>,
    /// How many rows are passed over first.
    pub offset: u64,
}

/// A column by which rows are ordered. Rows without a value come last when ascending and first when descending, as PostgreSQL has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The place of the column.
    pub column: usize,
    /// Greatest first.
    pub descending: bool,
}

/// A condition on a row, in SQL's three-valued logic: a comparison with nothing is neither true nor false, and a row matches when the whole is true.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// The column compares so with the value, which is not `Null`.
    Compare(usize, Comparison, Value),
    /// The column has one of the values, none of which is `Null`.
    In(usize, Vec<Value>),
    /// The column has no value.
    IsNull(usize),
    /// The text in the column matches a pattern: `%` any text, `_` any one character, `\` takes the next one as it is, so it does not end with one that takes nothing.
    Like(usize, String),
    /// The text in the column begins so.
    StartsWith(usize, String),
    /// All of them; none: true.
    All(Vec<Condition>),
    /// At least one of them; none: false.
    Any(Vec<Condition>),
    /// Not.
    Not(Box<Condition>),
    /// Neither true nor false, as a comparison with nothing.
    Unknown,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// A query that no table can answer: a mistake of its author, the same on every store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query does not fit the table `{table}`: {reason}")]
pub struct InvalidSelect {
    table: String,
    reason: String,
}

impl Select {
    /// Whether the query fits the table. Every store asks it first, so that all refuse the same.
    ///
    /// # Errors
    /// When a column is not there, or is compared with what it cannot hold, or cannot be compared at all; when a pattern ends within an escape; when
    /// [`after`](Self::after) is not as long as it should be; when the condition is too large.
    pub fn check(&self, table: &TableDefinition) -> Result<(), InvalidSelect> {
        let refuse = |reason| InvalidSelect { table: table.name.to_string(), reason };
        self.reason(table).map_or(Ok(()), |reason| Err(refuse(reason)))
    }

    /// What decides the order of two rows, and the values to go on after: each column once, and nothing after the key, which tells any two rows apart.
    pub(crate) fn places(&self, table: &TableDefinition) -> Vec<(OrderKey, Option<&Value>)> {
        let key = OrderKey { column: table.key, descending: false };
        let mut places: Vec<(OrderKey, Option<&Value>)> = Vec::with_capacity(self.order.len() + 1);
        for (nth, order) in self.order.iter().chain([&key]).enumerate() {
            if places.iter().all(|(known, _)| known.column != order.column) {
                places.push((*order, self.after.as_ref().and_then(|after| after.get(nth))));
            }
            if order.column == table.key {
                break;
            }
        }
        places
    }

    fn reason(&self, table: &TableDefinition) -> Option<String> {
        let mut comparisons = 0;
        if let Some(reason) =
            self.filter.as_ref().and_then(|filter| filter.reason(table, 0, &mut comparisons))
        {
            return Some(reason);
        }
        let key = OrderKey { column: table.key, descending: false };
        let order = || self.order.iter().chain([&key]);
        if let Some(reason) = order().find_map(|order| compared(table, order.column).err()) {
            return Some(reason);
        }
        let after = self.after.as_ref()?;
        if after.len() != self.order.len() + 1 {
            return Some(format!(
                "it goes on after {} values where its order and the key are {}",
                after.len(),
                self.order.len() + 1
            ));
        }
        order().zip(after).find_map(|(order, value)| match compared(table, order.column) {
            Ok(column) if column.nullable && matches!(value, Value::Null) => None,
            Ok(column) => holds(column, value),
            Err(reason) => Some(reason),
        })
    }
}

impl Condition {
    /// Whether a pattern is whole.
    ///
    /// # Errors
    /// When it ends with an escape that takes nothing. PostgreSQL says so only when it comes to that place, here it is said at once.
    pub(crate) fn check_pattern(pattern: &str) -> Result<(), ColumnError> {
        let escapes = pattern.len() - pattern.trim_end_matches('\\').len();
        match escapes % 2 {
            0 => Ok(()),
            _ => Err(ColumnError::new("the pattern ends with a `\\` that takes no character: write `\\\\`")),
        }
    }

    fn reason(&self, table: &TableDefinition, depth: usize, comparisons: &mut usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return Some(format!("conditions are nested deeper than {MAX_DEPTH}"));
        }
        *comparisons += 1;
        if *comparisons > MAX_COMPARISONS {
            return Some(format!("more than {MAX_COMPARISONS} comparisons: give a list of values"));
        }
        match self {
            Self::Compare(column, _, value) => refused(compared(table, *column), [value]),
            Self::In(column, values) => refused(compared(table, *column), values),
            Self::IsNull(column) => at(table, *column).err(),
            Self::Like(column, pattern) => text(table, *column)
                .err()
                .or_else(|| nul(pattern))
                .or_else(|| Self::check_pattern(pattern).err().map(|error| error.to_string())),
            Self::StartsWith(column, beginning) => text(table, *column).err().or_else(|| nul(beginning)),
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter().find_map(|condition| condition.reason(table, depth + 1, comparisons))
            }
            Self::Not(condition) => condition.reason(table, depth + 1, comparisons),
            Self::Unknown => None,
        }
    }
}

fn at(table: &TableDefinition, column: usize) -> Result<&'static ColumnInfo, String> {
    table.columns.get(column).ok_or_else(|| format!("it has no column {column}"))
}

fn compared(table: &TableDefinition, column: usize) -> Result<&'static ColumnInfo, String> {
    match at(table, column)? {
        info if info.column_type == ColumnType::Json => {
            Err(format!("`{}` is JSON, which can neither be compared nor ordered by", info.name))
        }
        info => Ok(info),
    }
}

fn text(table: &TableDefinition, column: usize) -> Result<(), String> {
    match at(table, column)? {
        info if info.column_type == ColumnType::Text => Ok(()),
        info => Err(format!("`{}` is not text", info.name)),
    }
}

fn nul(text: &str) -> Option<String> {
    text.contains('\0').then(|| "no text has a NUL in it".to_owned())
}

fn refused<'v>(
    column: Result<&ColumnInfo, String>,
    values: impl IntoIterator<Item = &'v Value>,
) -> Option<String> {
    match column {
        Ok(column) => values.into_iter().find_map(|value| holds(column, value)),
        Err(reason) => Some(reason),
    }
}

fn holds(column: &ColumnInfo, value: &Value) -> Option<String> {
    if let Value::Text(text) = value
        && let Some(reason) = nul(text)
    {
        return Some(reason);
    }
    (value.column_type() != Some(column.column_type)).then(|| {
        format!("`{}` is {:?} and cannot be compared with {value:?}", column.name, column.column_type)
    })
}
