//! Types of this crate that may stand in a payload.

use super::scalar;
use crate::schema::{Integer, Shape};
use crate::{Position, Version};

scalar! {
    Version => Shape::Integer(Integer { signed: false, bits: 64, nonzero: false }),
    Position => Shape::Integer(Integer { signed: false, bits: 64, nonzero: false }),
}
