//! Queries on the tables of read models, without types: places of columns, and values.

use crate::read_model::Value;

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
    /// The text in the column matches a pattern: `%` any text, `_` any one character, `\` takes the next one as it is.
    Like(usize, String),
    /// The text in the column begins so.
    StartsWith(usize, String),
    /// All of them; none: true.
    All(Vec<Condition>),
    /// At least one of them; none: false.
    Any(Vec<Condition>),
    /// Not.
    Not(Box<Condition>),
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
