//! Everything that generated code names, in one list. Not for use by hand: each of these has a public, documented name elsewhere.

pub use crate::payload::from_slice;
pub use crate::schema::{Case, Member, Schema, Shape, Shapes, Tagging};
