//! Schemas of the types that serde knows.

mod collections;
mod kenning;
mod numbers;
mod strings;
mod time;
mod wrappers;

/// A type whose every value is one string, number or boolean.
macro_rules! scalar {
    ($($ty:ty: $column:expr => $shape:expr),+ $(,)?) => {
        $(impl $crate::schema::Schema for $ty {
            const SCALAR: bool = true;
            const COLUMN: Option<$crate::schema::ColumnType> = Some($column);

            fn shape(_: &mut $crate::schema::Shapes) -> $crate::schema::Shape {
                $shape
            }
        })+
    };
}

/// A type that is written as the one value that it holds, or points to.
macro_rules! forward {
    ($($ty:ty as $inner:ty $(where $param:ident $(: $bound:path)?)?),+ $(,)?) => {
        $(impl $(<$param: $crate::schema::Schema $(+ $bound)? + ?Sized>)? $crate::schema::Schema for $ty {
            const SCALAR: bool = <$inner as $crate::schema::Schema>::SCALAR;
            const OPTIONAL: bool = <$inner as $crate::schema::Schema>::OPTIONAL;
            const NULLABLE: bool = <$inner as $crate::schema::Schema>::NULLABLE;
            const UNREADABLE: Option<&'static str> = <$inner as $crate::schema::Schema>::UNREADABLE;
            const COLUMN: Option<$crate::schema::ColumnType> = <$inner as $crate::schema::Schema>::COLUMN;

            fn shape(shapes: &mut $crate::schema::Shapes) -> $crate::schema::Shape {
                <$inner as $crate::schema::Schema>::shape(shapes)
            }
        })+
    };
}

/// The first problem of two types.
const fn first_of(one: Option<&'static str>, other: Option<&'static str>) -> Option<&'static str> {
    if one.is_some() { one } else { other }
}

use {forward, scalar};
