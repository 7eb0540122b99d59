//! Numbers of a size that is the same on every machine: not `usize` and `isize`.

use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroU128,
};

use super::scalar;
use crate::schema::{Integer, Schema, Shape, Shapes};

macro_rules! integers {
    ($signed:literal: $($ty:ident $nonzero:ident),+) => {
        $(scalar! {
            $ty => Shape::Integer(Integer { signed: $signed, bits: $ty::BITS as u8, nonzero: false }),
            $nonzero => Shape::Integer(Integer { signed: $signed, bits: $ty::BITS as u8, nonzero: true }),
        })+
    };
}

integers!(true: i8 NonZeroI8, i16 NonZeroI16, i32 NonZeroI32, i64 NonZeroI64, i128 NonZeroI128);
integers!(false: u8 NonZeroU8, u16 NonZeroU16, u32 NonZeroU32, u64 NonZeroU64, u128 NonZeroU128);

scalar!(bool => Shape::Bool);

// No scalars: what is not a number is written as `null`, and a text of it names nothing reliably.
macro_rules! floats {
    ($($ty:ident => $shape:expr),+) => {
        $(impl Schema for $ty {
            fn shape(_: &mut Shapes) -> Shape {
                $shape
            }
        })+
    };
}

floats!(f32 => Shape::F32, f64 => Shape::F64);

impl Schema for serde_json::Number {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::opaque("number")
    }
}
