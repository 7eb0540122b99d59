//! Everything that generated code names beside the public traits, in one list. Not for use by hand.

mod assert;
mod decide;
mod upcast;

pub use self::assert::{assert_distinct_name, assert_scalar_id};
pub use self::decide::decide;
pub use self::upcast::UpcastFrom;
pub use crate::command::{IdOf, TakenByValue};
pub use crate::payload::from_slice;
pub use crate::schema::{Case, Member, Schema, Shape, Shapes, Tagging};
pub use serde::Serialize;
pub use serde::de::DeserializeOwned;
