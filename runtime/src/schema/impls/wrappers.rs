//! What serde sees through, and `Option`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::marker::PhantomData;
use std::num::Wrapping;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;
use std::sync::Arc;

use super::forward;
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
            const COLUMN: Option<ColumnType> = Member::of::<T>("").required_column();

            fn shape(shapes: &mut Shapes) -> Shape {
                T::shape(shapes)
            }
        })+
    };
}

newtype!(Reverse, Wrapping);

impl<T: Schema> Schema for Option<T> {
    const OPTIONAL: bool = true;
    const COLUMN: Option<ColumnType> = if T::OPTIONAL { None } else { T::COLUMN };

    fn shape(shapes: &mut Shapes) -> Shape {
        match T::shape(shapes) {
            // serde reads `null` as the outer `None`: an option in an option says no more than one.
            nullable @ Shape::Nullable(_) => nullable,
            shape => Shape::Nullable(Box::new(shape)),
        }
    }
}

impl Schema for () {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Null
    }
}

impl<T: ?Sized + 'static> Schema for PhantomData<T> {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Null
    }
}

impl Schema for serde_json::Value {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Any
    }
}

impl<T: Schema, E: Schema> Schema for Result<T, E> {
    fn shape(shapes: &mut Shapes) -> Shape {
        let cases = [Case::newtype("Ok", Member::of::<T>("")), Case::newtype("Err", Member::of::<E>(""))];
        shapes.variants::<Self>(&Tagging::External, &cases)
    }
}

macro_rules! ranges {
    ($($ty:ident),+) => {
        $(impl<T: Schema> Schema for $ty<T> {
            fn shape(shapes: &mut Shapes) -> Shape {
                shapes.object::<Self>(&[Member::of::<T>("start").required(), Member::of::<T>("end").required()])
            }
        })+
    };
}

ranges!(Range, RangeInclusive);
