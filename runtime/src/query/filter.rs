//! Conditions on the rows of a read model.

use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use crate::read_model::ColumnError;
use crate::store::Condition;

/// A condition on the rows of `M`, as the methods of a [`Column`](crate::read_model::Column) give it.
///
/// It is true, false or, where it compares with nothing, neither; a row matches when the whole is true. What is neither stays so under `not`.
#[must_use = "a filter is for `Query::filter`"]
pub struct Filter<M> {
    condition: Result<Condition, ColumnError>,
    of: PhantomData<fn() -> M>,
}

impl<M> Filter<M> {
    pub(super) fn new(condition: Result<Condition, ColumnError>) -> Self {
        Self { condition, of: PhantomData }
    }

    /// Both. `&` is the same.
    pub fn and(self, other: Self) -> Self {
        self.with(other, |one, other| both(Some(one), other))
    }

    /// At least one of both. `|` is the same.
    pub fn or(self, other: Self) -> Self {
        self.with(other, either)
    }

    /// Not. `!` is the same.
    #[expect(clippy::should_implement_trait, reason = "it does; this one needs no import")]
    pub fn not(self) -> Self {
        Self::new(self.condition.map(|condition| match condition {
            Condition::Not(condition) => *condition,
            condition => Condition::Not(Box::new(condition)),
        }))
    }

    /// All of them; of none, every row.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::several(filters, Condition::All)
    }

    /// At least one of them; of none, no row.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::several(filters, Condition::Any)
    }

    fn several(filters: impl IntoIterator<Item = Self>, of: fn(Vec<Condition>) -> Condition) -> Self {
        Self::new(filters.into_iter().map(|filter| filter.condition).collect::<Result<_, _>>().map(of))
    }

    fn with(self, other: Self, of: fn(Condition, Condition) -> Condition) -> Self {
        Self::new(self.condition.and_then(|one| Ok(of(one, other.condition?))))
    }

    pub(super) fn into_condition(self) -> Result<Condition, ColumnError> {
        self.condition
    }
}

/// Chains stay flat, however long they are: a store walks conditions by recursion.
pub(super) fn both(one: Option<Condition>, other: Condition) -> Condition {
    match one {
        None => other,
        Some(Condition::All(mut all)) => {
            all.push(other);
            Condition::All(all)
        }
        Some(one) => Condition::All(vec![one, other]),
    }
}

fn either(one: Condition, other: Condition) -> Condition {
    match one {
        Condition::Any(mut any) => {
            any.push(other);
            Condition::Any(any)
        }
        one => Condition::Any(vec![one, other]),
    }
}

impl<M> Clone for Filter<M> {
    fn clone(&self) -> Self {
        Self::new(self.condition.clone())
    }
}

impl<M> std::fmt::Debug for Filter<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.condition {
            Ok(condition) => condition.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

impl<M> BitAnd for Filter<M> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<M> BitOr for Filter<M> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<M> Not for Filter<M> {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}
