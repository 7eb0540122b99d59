//! A serializer for scalars: appends their text.

use std::fmt::{Display, Write};

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::InvalidId;

/// Takes one string, character, integer, boolean or unit variant, bare or in newtypes; refuses everything else.
pub(super) struct ToText<'a, W> {
    pub(super) text: &'a mut W,
}

impl<W: Write> ToText<'_, W> {
    fn write(self, value: impl Display) -> Result<(), InvalidId> {
        write!(self.text, "{value}").map_err(InvalidId::new)
    }
}

fn refused<T>(what: &str) -> Result<T, InvalidId> {
    Err(InvalidId::new(format_args!("an id is one string or integer, not {what}")))
}

macro_rules! written {
    ($($method:ident $type:ty),+) => {
        $(fn $method(self, value: $type) -> Result<(), InvalidId> {
            self.write(value)
        })+
    };
}

impl<W: Write> Serializer for ToText<'_, W> {
    type Ok = ();
    type Error = InvalidId;
    type SerializeSeq = Impossible<(), InvalidId>;
    type SerializeTuple = Impossible<(), InvalidId>;
    type SerializeTupleStruct = Impossible<(), InvalidId>;
    type SerializeTupleVariant = Impossible<(), InvalidId>;
    type SerializeMap = Impossible<(), InvalidId>;
    type SerializeStruct = Impossible<(), InvalidId>;
    type SerializeStructVariant = Impossible<(), InvalidId>;

    written!(
        serialize_bool bool,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    );

    fn serialize_char(self, value: char) -> Result<(), InvalidId> {
        self.text.write_char(value).map_err(InvalidId::new)
    }

    fn serialize_str(self, value: &str) -> Result<(), InvalidId> {
        self.text.write_str(value).map_err(InvalidId::new)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), InvalidId> {
        self.write(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), InvalidId> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), InvalidId> {
        self.serialize_str(variant)
    }

    fn serialize_f32(self, _: f32) -> Result<(), InvalidId> {
        refused("a floating-point number")
    }

    fn serialize_f64(self, _: f64) -> Result<(), InvalidId> {
        refused("a floating-point number")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), InvalidId> {
        refused("bytes")
    }

    fn serialize_none(self) -> Result<(), InvalidId> {
        refused("an option")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), InvalidId> {
        refused("an option")
    }

    fn serialize_unit(self) -> Result<(), InvalidId> {
        refused("nothing")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), InvalidId> {
        refused("nothing")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), InvalidId> {
        refused("a variant with a value")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, InvalidId> {
        refused("a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, InvalidId> {
        refused("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, InvalidId> {
        refused("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, InvalidId> {
        refused("a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, InvalidId> {
        refused("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, InvalidId> {
        refused("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, InvalidId> {
        refused("a struct")
    }
}
