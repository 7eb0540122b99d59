//! Aggregate ids: any serialisable scalar, and its text in the name of a stream.

mod from_text;
mod short_text;
mod to_text;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::from_text::FromText;
use self::short_text::ShortText;
use self::to_text::ToText;
use crate::aggregate::Aggregate;
use crate::schema::Schema;
use crate::stream::{InvalidStreamName, StreamName, is_category, is_id};

/// What tells one aggregate of a category from another. Every type that serde writes as one string or number and that has a [`Schema`] is one:
/// `Uuid`, `String`, `i64`, `u64`, …, and newtypes of these with `#[derive(Serialize, Deserialize, Schema)]`. That it is a scalar is checked when the
/// aggregate compiles.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of an aggregate",
    label = "not an id",
    note = "an id is a `Uuid`, a `String`, an integer, or a newtype of one with `#[derive(Serialize, Deserialize, Schema)]`"
)]
pub trait AggregateId: Schema + Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned + Send + Sync + 'static> AggregateId for T {}

/// A value cannot be the id in a stream's name, or a text cannot be read as an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InvalidId {
    reason: String,
}

impl InvalidId {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string() }
    }
}

impl serde::ser::Error for InvalidId {
    fn custom<T: std::fmt::Display>(reason: T) -> Self {
        Self::new(reason)
    }
}

impl serde::de::Error for InvalidId {
    fn custom<T: std::fmt::Display>(reason: T) -> Self {
        Self::new(reason)
    }
}

impl StreamName {
    /// The stream of one aggregate: its category and the id, as serde writes it.
    ///
    /// # Errors
    /// When the id is no scalar, is empty or has a control character, or when the name gets longer than
    /// [`MAX_STREAM_NAME`](crate::MAX_STREAM_NAME) bytes.
    pub fn of<A: Aggregate>(id: &A::Id) -> Result<Self, InvalidStreamName> {
        // Every command names its stream. A name that is as it should be is written on the stack and allocated once; what is wrong with another is found out
        // at leisure.
        let mut short = ShortText::new();
        let written = const { is_category(A::CATEGORY.as_bytes()) }
            && short.push(A::CATEGORY)
            && short.push("-")
            && id.serialize(ToText { text: &mut short }).is_ok();
        match short.as_str() {
            Some(text) if written && is_id(&text.as_bytes()[A::CATEGORY.len() + 1..]) => {
                Ok(Self::new_unchecked(text))
            }
            _ => checked::<A>(id),
        }
    }

    /// Reads the id back from the stream of an aggregate.
    ///
    /// # Errors
    /// When the stream is of another category, or its id cannot be read as the aggregate's.
    pub fn aggregate_id<A: Aggregate>(&self) -> Result<A::Id, InvalidId> {
        if self.category() != A::CATEGORY {
            return Err(InvalidId::new(format_args!("`{self}` is not of the category `{}`", A::CATEGORY)));
        }
        <A::Id as serde::Deserialize>::deserialize(FromText { text: self.id() })
    }
}

/// An id as text, as it stands in the name of a stream.
pub(crate) fn id_text<T: Serialize>(id: &T) -> Result<String, InvalidId> {
    let mut text = String::new();
    id.serialize(ToText { text: &mut text })?;
    if !is_id(text.as_bytes()) {
        return Err(InvalidId::new(format_args!(
            "`{text}` cannot be an id: it is empty or has a control character"
        )));
    }
    if text.len() > crate::stream::MAX_STREAM_NAME {
        return Err(InvalidId::new(format_args!("`{text}` cannot be an id: it is too long")));
    }
    Ok(text)
}

#[cold]
fn checked<A: Aggregate>(id: &A::Id) -> Result<StreamName, InvalidStreamName> {
    let mut text = format!("{}-", A::CATEGORY);
    match id.serialize(ToText { text: &mut text }) {
        Ok(()) => StreamName::checked(text, A::CATEGORY.len()),
        Err(error) => Err(InvalidStreamName::id(text, error)),
    }
}

#[cfg(test)]
mod tests;
