//! Everything that generated code names beside the public traits, in one list. Not for use by hand.

mod assert;

pub use self::assert::{assert_distinct_name, assert_scalar_id};
pub use crate::read_model::held::{ColumnOf, held};
pub use crate::schema::{Case, Member, Schema, Shape, Shapes, Tagging};
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;
