//! Numbers of a size that is the same on every machine: not `usize` and `isize`.

use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroU128,
};

use super::scalar;
use crate::schema::{ColumnType, Integer, Schema, Shape, Shapes};

macro_rules! integers {
    ($signed:literal: $($ty:ident $nonzero:ident $column:ident),+) => {
        $(scalar! {
            $ty: ColumnType::$column => Shape::Integer(Integer { signed: $signed, bits: $ty::BITS as u8, nonzero: false }),
            $nonzero: ColumnType::$column => Shape::Integer(Integer { signed: $signed, bits: $ty::BITS as u8, nonzero: true }),
        })+
    };
}

integers!(true: i8 NonZeroI8 SmallInt, i16 NonZeroI16 SmallInt, i32 NonZeroI32 Integer, i64 NonZeroI64 BigInt, i128 NonZeroI128 Numeric);
integers!(false: u8 NonZeroU8 SmallInt, u16 NonZeroU16 Integer, u32 NonZeroU32 BigInt, u64 NonZeroU64 Numeric);

scalar! {
    bool: ColumnType::Boolean => Shape::Bool,
}

macro_rules! beyond_columns {
    ($($ty:ident $nonzero:literal),+) => {
        $(impl Schema for $ty {
            const SCALAR: bool = true;

            fn shape(_: &mut Shapes) -> Shape {
                Shape::Integer(Integer { signed: false, bits: 128, nonzero: $nonzero })
            }
        })+
    };
}

// No column holds the upper half of them.
beyond_columns!(u128 false, NonZeroU128 true);

// No scalars: what is not a number is written as `null`, and a text of it names nothing reliably.
macro_rules! floats {
    ($($ty:ident: $column:ident => $shape:expr),+) => {
        $(impl Schema for $ty {
            const COLUMN: Option<ColumnType> = Some(ColumnType::$column);

            fn shape(_: &mut Shapes) -> Shape {
                $shape
            }
        })+
    };
}

floats!(f32: Real => Shape::F32, f64: Double => Shape::F64);

impl Schema for serde_json::Number {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::opaque("number")
    }
}
