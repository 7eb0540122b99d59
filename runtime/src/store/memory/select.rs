//! Queries on tables in memory, with the answers that PostgreSQL gives.

mod like;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use self::like::Pattern;
use crate::read_model::{Row, Value};
use crate::store::{Comparison, Condition, OrderKey, Select, StoreError, TableDefinition};

/// The rows that a query asks for, in its order.
pub(super) fn select<'r>(
    table: &TableDefinition,
    rows: impl IntoIterator<Item = &'r Row>,
    select: &Select,
) -> Result<Vec<Row>, StoreError> {
    select.check(table)?;
    let places = select.places(table);
    let filter = select.filter.as_ref().map(Prepared::new);
    let mut found: Vec<&Row> = rows
        .into_iter()
        .filter(|row| matches(filter.as_ref(), row) && (select.after.is_none() || follows(&places, row)))
        .collect();
    let order = |one: &&Row, other: &&Row| compare(&places, one, other);
    let offset = usize::try_from(select.offset).unwrap_or(usize::MAX);
    let limit = select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let wanted = offset.saturating_add(limit);
    if wanted == 0 {
        return Ok(Vec::new());
    }
    if wanted < found.len() {
        found.select_nth_unstable_by(wanted - 1, order);
        found.truncate(wanted);
    }
    found.sort_unstable_by(order);
    Ok(found.into_iter().skip(offset).take(limit).cloned().collect())
}

/// How many rows match the query's filter.
pub(super) fn count<'r>(
    table: &TableDefinition,
    rows: impl IntoIterator<Item = &'r Row>,
    select: &Select,
) -> Result<u64, StoreError> {
    select.check(table)?;
    let filter = select.filter.as_ref().map(Prepared::new);
    Ok(rows.into_iter().filter(|row| matches(filter.as_ref(), row)).count() as u64)
}

/// The one key that a row must have to match, if the filter says so: it is found without looking at all rows.
pub(super) fn only_key<'s>(table: &TableDefinition, select: &'s Select) -> Option<&'s Value> {
    fn fixed(condition: &Condition, key: usize) -> Option<&Value> {
        match condition {
            Condition::Compare(column, Comparison::Eq, value) if *column == key => Some(value),
            Condition::All(conditions) => conditions.iter().find_map(|condition| fixed(condition, key)),
            _ => None,
        }
    }
    fixed(select.filter.as_ref()?, table.key)
}

/// A row has a value for each column: they are written so.
fn value(row: &Row, column: usize) -> &Value {
    row.values().get(column).unwrap_or(&Value::Null)
}

fn compare(places: &[(OrderKey, Option<&Value>)], one: &Row, other: &Row) -> Ordering {
    let mut orders = places.iter().map(|(key, _)| {
        let order = value(one, key.column).cmp(value(other, key.column));
        if key.descending { order.reverse() } else { order }
    });
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Whether a row comes after the place where the query goes on.
fn follows(places: &[(OrderKey, Option<&Value>)], row: &Row) -> bool {
    let mut orders = places.iter().map(|(key, after)| {
        let order = value(row, key.column).cmp(after.unwrap_or(&Value::Null));
        if key.descending { order.reverse() } else { order }
    });
    orders.find(|order| order.is_ne()).is_some_and(Ordering::is_gt)
}

fn matches(filter: Option<&Prepared<'_>>, row: &Row) -> bool {
    filter.is_none_or(|filter| filter.of(row) == Some(true))
}

/// A condition that is asked of many rows.
enum Prepared<'c> {
    Compare(usize, Comparison, &'c Value),
    /// Sorted.
    In(usize, Vec<&'c Value>),
    IsNull(usize),
    Like(usize, Pattern),
    StartsWith(usize, &'c str),
    All(Vec<Prepared<'c>>),
    Any(Vec<Prepared<'c>>),
    Not(Box<Prepared<'c>>),
    Unknown,
}

impl<'c> Prepared<'c> {
    fn new(condition: &'c Condition) -> Self {
        match condition {
            Condition::Compare(column, comparison, value) => Self::Compare(*column, *comparison, value),
            Condition::In(column, values) => {
                let mut values: Vec<_> = values.iter().collect();
                values.sort_unstable();
                Self::In(*column, values)
            }
            Condition::IsNull(column) => Self::IsNull(*column),
            Condition::Like(column, pattern) => Self::Like(*column, Pattern::new(pattern)),
            Condition::StartsWith(column, beginning) => Self::StartsWith(*column, beginning),
            Condition::All(conditions) => Self::All(conditions.iter().map(Self::new).collect()),
            Condition::Any(conditions) => Self::Any(conditions.iter().map(Self::new).collect()),
            Condition::Not(condition) => Self::Not(Box::new(Self::new(condition))),
            Condition::Unknown => Self::Unknown,
        }
    }

    /// Whether the row matches; `None`: neither.
    fn of(&self, row: &Row) -> Option<bool> {
        match self {
            // No row is equal to a list of none, not even one without a value.
            Self::In(_, values) if values.is_empty() => Some(false),
            Self::Compare(column, comparison, with) => known(row, *column).map(|value| {
                let order = value.cmp(with);
                match comparison {
                    Comparison::Eq => order.is_eq(),
                    Comparison::Ne => order.is_ne(),
                    Comparison::Lt => order.is_lt(),
                    Comparison::Le => order.is_le(),
                    Comparison::Gt => order.is_gt(),
                    Comparison::Ge => order.is_ge(),
                }
            }),
            Self::In(column, values) => known(row, *column).map(|value| values.binary_search(&value).is_ok()),
            Self::IsNull(column) => Some(known(row, *column).is_none()),
            Self::Like(column, pattern) => text(row, *column).map(|text| pattern.matches(text)),
            Self::StartsWith(column, beginning) => text(row, *column).map(|text| text.starts_with(beginning)),
            Self::All(conditions) => all(conditions.iter().map(|condition| condition.of(row))),
            Self::Any(conditions) => {
                all(conditions.iter().map(|condition| condition.of(row).map(|is| !is))).map(|is| !is)
            }
            Self::Not(condition) => condition.of(row).map(|is| !is),
            Self::Unknown => None,
        }
    }
}

/// False when one is false; otherwise unknown when one is unknown.
fn all(mut conditions: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    conditions
        .try_fold(Some(true), |all, one| match one {
            Some(false) => Err(()),
            None => Ok(None),
            Some(true) => Ok(all),
        })
        .unwrap_or(Some(false))
}

fn known(row: &Row, column: usize) -> Option<&Value> {
    Some(value(row, column)).filter(|value| !matches!(value, Value::Null))
}

fn text(row: &Row, column: usize) -> Option<&str> {
    match value(row, column) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
