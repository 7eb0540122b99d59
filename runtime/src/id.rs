//! Aggregate ids: any serialisable scalar.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::schema::Schema;

/// What tells one aggregate of a category from another. Every type that serde writes as one string or number and that has a [`Schema`] is one:
/// `Uuid`, `String`, `i64`, `u64`, …, and newtypes of these with `#[derive(Serialize, Deserialize, Schema)]`. That it is a scalar is checked when the
/// aggregate compiles.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of an aggregate",
    label = "not an id",
    note = "an id is a `Uuid`, a `String`, an integer, or a newtype of one with `#[derive(Serialize, Deserialize, Schema)]`"
)]
pub trait AggregateId: Schema + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Schema + Serialize + DeserializeOwned + Send + Sync + 'static> AggregateId for T {}
