//! Shapes are what serde writes and reads.

mod enums;
mod recursion;
mod structs;
mod unreadable;

use kenning::{Schema, Shapes};

/// The canonical text of a type's shape.
#[track_caller]
fn text<T: Schema + ?Sized>() -> String {
    Shapes::shape_of::<T>().to_text()
}
