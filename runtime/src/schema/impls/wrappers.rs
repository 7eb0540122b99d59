//! What serde sees through, and `Option`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::marker::PhantomData;
use std::num::Wrapping;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;
use std::sync::Arc;

use super::{first_of, forward};
use crate::schema::unreadable::writes_null;
use crate::schema::{Case, ColumnType, Member, Schema, Shape, Shapes, Tagging};

forward! {
    Box<T> as T where T,
    Rc<T> as T where T,
    Arc<T> as T where T,
    Cow<'static, T> as T where T: ToOwned,
}

macro_rules! newtype {
    ($($ty:ident),+) => {
        $(impl<T: Schema> Schema for $ty<T> {
            const SCALAR: bool = T::SCALAR;
            const NULLABLE: bool = T::NULLABLE;
            const UNREADABLE: Option<&'static str> = T::UNREADABLE;
            const COLUMN: Option<ColumnType> = Member::of::<T>("").required_column();

            fn shape(shapes: &mut Shapes) -> Shape {
                T::shape(shapes)
            }
        })+
    };
}

newtype!(Reverse, Wrapping);

/// Also of `Option<()>`, `Option<serde_json::Value>` and of newtypes of them.
const NULL_IN_OPTION: &str =
    "`Some` of what is written as `null` is read back as `None`: write an enum with a variant for each case";

impl<T: Schema> Schema for Option<T> {
    const OPTIONAL: bool = true;
    const UNREADABLE: Option<&'static str> = if T::NULLABLE { Some(NULL_IN_OPTION) } else { T::UNREADABLE };
    const COLUMN: Option<ColumnType> = if T::OPTIONAL { None } else { T::COLUMN };

    fn shape(shapes: &mut Shapes) -> Shape {
        let shape = T::shape(shapes);
        if T::NULLABLE || writes_null(&shape) {
            shapes.cannot_be_read(NULL_IN_OPTION);
        }
        match shape {
            // serde reads `null` as the outer `None`: an option in an option says no more than one.
            nullable @ Shape::Nullable(_) => nullable,
            shape => Shape::Nullable(Box::new(shape)),
        }
    }
}

impl Schema for () {
    const NULLABLE: bool = true;

    fn shape(_: &mut Shapes) -> Shape {
        Shape::Null
    }
}

impl<T: ?Sized + 'static> Schema for PhantomData<T> {
    const NULLABLE: bool = true;

    fn shape(_: &mut Shapes) -> Shape {
        Shape::Null
    }
}

impl Schema for serde_json::Value {
    const NULLABLE: bool = true;

    fn shape(_: &mut Shapes) -> Shape {
        Shape::Any
    }
}

impl<T: Schema, E: Schema> Schema for Result<T, E> {
    const UNREADABLE: Option<&'static str> = first_of(T::UNREADABLE, E::UNREADABLE);

    fn shape(shapes: &mut Shapes) -> Shape {
        let cases = [Case::newtype("Ok", Member::of::<T>("")), Case::newtype("Err", Member::of::<E>(""))];
        shapes.variants::<Self>(&Tagging::External, &cases)
    }
}

macro_rules! ranges {
    ($($ty:ident),+) => {
        $(impl<T: Schema> Schema for $ty<T> {
            const UNREADABLE: Option<&'static str> = T::UNREADABLE;

            fn shape(shapes: &mut Shapes) -> Shape {
                shapes.object::<Self>(&[Member::of::<T>("start").required(), Member::of::<T>("end").required()])
            }
        })+
    };
}

ranges!(Range, RangeInclusive);
