//! A serializer in front of another one. It refuses values that JSON cannot hold or that cannot be read back.

mod compound;

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::ser::{Serialize, Serializer};

use self::compound::Checked as Compound;
use crate::limits::MAX_NESTING;

/// The one `f32` whose shortest text, `7.038531e-26`, is another number once it is read as an `f64`
/// and rounded. serde reads so inside inner tags, flattened structs and untagged enums. All values
/// were tried. It is written with the digits of its `f64`.
const SHORT_OF_DIGITS: u32 = 0x15ae_43fd;

/// What is found out while a value is written.
#[derive(Default)]
pub(super) struct Findings {
    /// The fields around the problem, the innermost first.
    path: RefCell<Vec<&'static str>>,
    found: Cell<bool>,
}

impl Findings {
    /// The fields around the problem, as `order.total`; `None` where there is none.
    pub(super) fn path(&self) -> Option<String> {
        let path = self.path.borrow();
        let names: Vec<&str> = path.iter().rev().copied().collect();
        (self.found.get() && !names.is_empty()).then(|| names.join("."))
    }

    #[cold]
    fn refuse<E: serde::ser::Error>(&self, problem: impl fmt::Display) -> E {
        self.found.set(true);
        E::custom(problem)
    }

    /// Notes a field around the problem.
    #[cold]
    fn within<E>(&self, field: &'static str, error: E) -> E {
        if let Ok(mut path) = self.path.try_borrow_mut() {
            path.push(field);
        }
        error
    }
}

/// A value to be written by way of [`Checking`].
pub(super) struct Value<'a, T: ?Sized> {
    value: &'a T,
    findings: &'a Findings,
    /// How many arrays and objects are around it.
    depth: usize,
}

impl<'a, T: ?Sized> Value<'a, T> {
    pub(super) fn new(value: &'a T, findings: &'a Findings) -> Self {
        Self { value, findings, depth: 0 }
    }
}

impl<T: Serialize + ?Sized> Serialize for Value<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let Self { value, findings, depth } = *self;
        value.serialize(Checking { inner, findings, depth })
    }
}

/// The serializer: hands everything on.
struct Checking<'a, S> {
    inner: S,
    findings: &'a Findings,
    depth: usize,
}

impl<'a, S: Serializer> Checking<'a, S> {
    /// The depth of what is inside an array or object, or one in an object of its variant.
    fn deeper(&self, levels: usize) -> Result<usize, S::Error> {
        let depth = self.depth + levels;
        if depth > MAX_NESTING {
            return Err(self.findings.refuse(format_args!(
                "it is nested deeper than {MAX_NESTING} levels, which cannot be read back"
            )));
        }
        Ok(depth)
    }

    fn value<'v, T: ?Sized>(&self, value: &'v T, depth: usize) -> Value<'v, T>
    where
        'a: 'v,
    {
        Value { value, findings: self.findings, depth }
    }

    #[cold]
    fn not_finite(&self, nan: bool) -> S::Error {
        let found = if nan { "NaN" } else { "an infinite number" };
        self.findings.refuse(format_args!("{found} has no form in JSON"))
    }
}

macro_rules! hand_on {
    ($($method:ident: $ty:ty),+ $(,)?) => {
        $(#[inline]
        fn $method(self, value: $ty) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        })+
    };
}

macro_rules! compounds {
    ($($method:ident $compound:ident $levels:literal ($($name:ident: $ty:ty),*)),+ $(,)?) => {
        $(fn $method(self, $($name: $ty),*) -> Result<Self::$compound, S::Error> {
            let depth = self.deeper($levels)?;
            Ok(Compound { inner: self.inner.$method($($name),*)?, findings: self.findings, depth })
        })+
    };
}

impl<'a, S: Serializer> Serializer for Checking<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'a, S::SerializeSeq>;
    type SerializeTuple = Compound<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'a, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'a, S::SerializeMap>;
    type SerializeStruct = Compound<'a, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'a, S::SerializeStructVariant>;

    hand_on! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    compounds! {
        serialize_seq SerializeSeq 1 (len: Option<usize>),
        serialize_tuple SerializeTuple 1 (len: usize),
        serialize_tuple_struct SerializeTupleStruct 1 (name: &'static str, len: usize),
        serialize_tuple_variant SerializeTupleVariant 2
            (name: &'static str, index: u32, variant: &'static str, len: usize),
        serialize_map SerializeMap 1 (len: Option<usize>),
        serialize_struct SerializeStruct 1 (name: &'static str, len: usize),
        serialize_struct_variant SerializeStructVariant 2
            (name: &'static str, index: u32, variant: &'static str, len: usize),
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            return Err(self.not_finite(value.is_nan()));
        }
        if value.abs().to_bits() == SHORT_OF_DIGITS {
            return self.inner.serialize_f64(f64::from(value));
        }
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            return Err(self.not_finite(value.is_nan()));
        }
        self.inner.serialize_f64(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.value(value, self.depth);
        self.inner.serialize_some(&value)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.value(value, self.depth);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.value(value, self.deeper(1)?);
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
