//! Everything that generated code names beside the public traits, in one list. Not for use by hand.

mod assert;
mod project;

pub use self::assert::{assert_distinct_name, assert_scalar_id, column, key_column};
pub use self::project::{Handling, project};
pub use crate::read_model::held::{ColumnOf, Json};
pub use crate::schema::{Case, ColumnType, Member, Schema, Shape, Shapes, Tagging};
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;
