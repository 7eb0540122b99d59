//! Everything that generated code names beside the public traits, in one list. Not for use by hand.

mod assert;
mod column;
mod place;
mod project;
mod verbatim;

pub use self::assert::{
    assert_column, assert_distinct_name, assert_key, assert_read_back, assert_scalar_id,
    assert_scalar_saga_id,
};
pub use self::column::column;
pub use self::place::place;
pub use self::project::{Handling, project};
pub use crate::__verbatim as verbatim;
pub use crate::read_model::held::{ColumnOf, Json};
pub use crate::schema::{Case, ColumnType, Member, Schema, Shape, Shapes, Tagging};
pub use ::serde;
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;
