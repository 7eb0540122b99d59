//! Which plain values one type reads of another.

use crate::schema::{Integer, Shape};

/// Whether every value that the one writes is read, unchanged, by the other. Equal shapes are no widening.
pub(super) fn widens(before: &Shape, after: &Shape) -> bool {
    match (before, after) {
        (_, Shape::Any) | (Shape::Text(_), Shape::String) | (Shape::F32, Shape::F64) => true,
        (Shape::Integer(a), Shape::Integer(b)) => holds(*a, *b),
        // The mantissa holds 24 and 53 bits; what is longer loses its last digits without a word.
        (Shape::Integer(a), Shape::F32) => a.bits <= 16,
        (Shape::Integer(a), Shape::F64) => a.bits <= 32,
        _ => false,
    }
}

fn holds(small: Integer, large: Integer) -> bool {
    let zero = small.nonzero || !large.nonzero;
    let range = match (small.signed, large.signed) {
        (true, false) => false,
        (false, true) => small.bits < large.bits,
        _ => small.bits <= large.bits,
    };
    zero && range
}
