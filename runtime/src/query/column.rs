//! What can be asked of a column.

use super::{Comparable, Filter, Order};
use crate::check::Nullable;
use crate::read_model::held::{Compared, Pattern};
use crate::read_model::{Column, ColumnError, ReadModel, Value};
use crate::store::{Comparison, Condition};

/// Comparisons. Where the column holds nothing they are neither true nor false, `ne` included: such a row does not match, nor under `not`. Text is compared by its bytes, as
/// `collate "C"` does; for numbers with a fraction there is one zero, and what is not a number equals itself and is greater than all others.
impl<M: ReadModel, T, H> Column<M, T, H> {
    /// Equal. `eq(None)` is [`is_null`](Self::is_null).
    pub fn eq<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.given(value, |value| match value {
            Value::Null => Condition::IsNull(self.place),
            value => Condition::Compare(self.place, Comparison::Eq, value),
        })
    }

    /// Not equal. `ne(None)` is [`is_not_null`](Self::is_not_null).
    pub fn ne<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.given(value, |value| match value {
            Value::Null => Condition::Not(Box::new(Condition::IsNull(self.place))),
            value => Condition::Compare(self.place, Comparison::Ne, value),
        })
    }

    /// Less. `lt(None)` matches nothing.
    pub fn lt<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.compare(Comparison::Lt, value)
    }

    /// Less or equal. `le(None)` matches nothing.
    pub fn le<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.compare(Comparison::Le, value)
    }

    /// Greater. `gt(None)` matches nothing.
    pub fn gt<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.compare(Comparison::Gt, value)
    }

    /// Greater or equal. `ge(None)` matches nothing.
    pub fn ge<V: Comparable<T>>(self, value: V) -> Filter<M>
    where
        H: Compared,
    {
        self.compare(Comparison::Ge, value)
    }

    /// One of the values; of none, false. A `None` among them matches nothing, and as in SQL makes neither true nor false what matches no other: under `not` no row is left.
    pub fn is_in<V: Comparable<T>>(self, values: impl IntoIterator<Item = V>) -> Filter<M>
    where
        H: Compared,
    {
        let values: Result<Vec<Value>, ColumnError> =
            values.into_iter().map(Comparable::into_value).collect();
        let condition = values.map(|mut values| {
            let given = values.len();
            values.retain(|value| *value != Value::Null);
            match values.len() == given {
                true => Condition::In(self.place, values),
                false => Condition::Any(vec![Condition::In(self.place, values), Condition::Unknown]),
            }
        });
        self.filter(condition)
    }

    /// Holds nothing: true or false, never neither.
    pub fn is_null(self) -> Filter<M>
    where
        T: Nullable,
    {
        self.filter(Ok(Condition::IsNull(self.place)))
    }

    /// Holds something: true or false, never neither.
    pub fn is_not_null(self) -> Filter<M>
    where
        T: Nullable,
    {
        self.is_null().not()
    }

    /// The text matches a pattern from its beginning to its end: `%` stands for any text, `_` for any one character, and `\` takes the next character as it is. Upper
    /// and lower case differ. A pattern that ends with a lone `\` is [`QueryError::Value`](super::QueryError::Value).
    ///
    /// What a user typed is no pattern: [`starts_with`](Self::starts_with) takes it as it is.
    pub fn like(self, pattern: impl Into<String>) -> Filter<M>
    where
        H: Pattern,
    {
        let pattern = pattern.into();
        let checked = Value::text(&pattern).and_then(|_| Condition::check_pattern(&pattern));
        self.filter(checked.map(|()| Condition::Like(self.place, pattern)))
    }

    /// The text begins so. Upper and lower case differ; no character has a meaning of its own.
    pub fn starts_with(self, beginning: impl Into<String>) -> Filter<M>
    where
        H: Pattern,
    {
        let beginning = beginning.into();
        self.filter(Value::text(&beginning).map(|_| Condition::StartsWith(self.place, beginning)))
    }

    /// Smallest first; rows with nothing in the column come last.
    pub fn asc(self) -> Order<M>
    where
        H: Compared,
    {
        Order::new(self.place, false)
    }

    /// Greatest first; rows with nothing in the column come first.
    pub fn desc(self) -> Order<M>
    where
        H: Compared,
    {
        Order::new(self.place, true)
    }

    fn compare<V: Comparable<T>>(self, comparison: Comparison, value: V) -> Filter<M> {
        self.given(value, |value| match value {
            Value::Null => Condition::Unknown,
            value => Condition::Compare(self.place, comparison, value),
        })
    }

    fn given<V: Comparable<T>>(self, value: V, condition: impl FnOnce(Value) -> Condition) -> Filter<M> {
        self.filter(value.into_value().map(condition))
    }

    fn filter(self, condition: Result<Condition, ColumnError>) -> Filter<M> {
        let name = M::COLUMNS.get(self.place).map_or("?", |column| column.name);
        Filter::new(condition.map_err(|error| error.at(name)))
    }
}
