//! Collections, arrays and tuples.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

use super::first_of;
use crate::schema::{Schema, Shape, Shapes};

macro_rules! sequence {
    ($($ty:ty => $shape:ident $(, $other:ident)?);+ $(;)?) => {
        $(impl<T: Schema $(, $other: 'static)?> Schema for $ty {
            const UNREADABLE: Option<&'static str> = T::UNREADABLE;

            fn shape(shapes: &mut Shapes) -> Shape {
                Shape::$shape(Box::new(T::shape(shapes)))
            }
        })+
    };
}

sequence! {
    [T] => List;
    Vec<T> => List;
    VecDeque<T> => List;
    LinkedList<T> => List;
    BinaryHeap<T> => Set;
    BTreeSet<T> => Set;
    HashSet<T, H> => Set, H;
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    const UNREADABLE: Option<&'static str> = T::UNREADABLE;

    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Array(N, Box::new(T::shape(shapes)))
    }
}

fn map<K: Schema, V: Schema>(shapes: &mut Shapes) -> Shape {
    const { assert!(K::SCALAR, "the keys of a map are strings in JSON: each is one string or number") };
    Shape::Map(Box::new(K::shape(shapes)), Box::new(V::shape(shapes)))
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const UNREADABLE: Option<&'static str> = first_of(K::UNREADABLE, V::UNREADABLE);

    fn shape(shapes: &mut Shapes) -> Shape {
        map::<K, V>(shapes)
    }
}

impl<K: Schema, V: Schema, H: 'static> Schema for HashMap<K, V, H> {
    const UNREADABLE: Option<&'static str> = first_of(K::UNREADABLE, V::UNREADABLE);

    fn shape(shapes: &mut Shapes) -> Shape {
        map::<K, V>(shapes)
    }
}

impl Schema for serde_json::Map<String, serde_json::Value> {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Map(Box::new(Shape::String), Box::new(Shape::Any))
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Schema),+> Schema for ($($name,)+) {
            const UNREADABLE: Option<&'static str> = {
                let mut problem = None;
                $(problem = first_of(problem, $name::UNREADABLE);)+
                problem
            };

            fn shape(shapes: &mut Shapes) -> Shape {
                Shape::Tuple(vec![$($name::shape(shapes)),+])
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
