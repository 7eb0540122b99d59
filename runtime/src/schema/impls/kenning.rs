//! Types of this crate that may stand in a payload.

use super::scalar;
use crate::schema::{ColumnType, Integer, Shape};
use crate::{Position, Version};

scalar! {
    Version: ColumnType::Numeric => Shape::Integer(Integer { signed: false, bits: 64, nonzero: false }),
    Position: ColumnType::Numeric => Shape::Integer(Integer { signed: false, bits: 64, nonzero: false }),
}
