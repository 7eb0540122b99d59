//! A deserializer for scalars: the way back from an id's text.

use std::any::type_name;

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::InvalidId;

/// Gives the text as whatever scalar the type asks for.
#[derive(Clone, Copy)]
pub(crate) struct FromText<'de> {
    pub(super) text: &'de str,
}

impl<'de> FromText<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { text }
    }

    fn parse<T: std::str::FromStr>(self) -> Result<T, InvalidId> {
        self.text
            .parse()
            .map_err(|_| InvalidId::new(format_args!("`{}` is not a {}", self.text, type_name::<T>())))
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident),+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidId> {
            visitor.$visit(self.parse()?)
        })+
    };
}

impl<'de> Deserializer<'de> for FromText<'de> {
    type Error = InvalidId;

    parsed!(
        deserialize_bool visit_bool, deserialize_char visit_char,
        deserialize_i8 visit_i8, deserialize_i16 visit_i16, deserialize_i32 visit_i32,
        deserialize_i64 visit_i64, deserialize_i128 visit_i128,
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_u128 visit_u128
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidId> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidId> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidId> {
        visitor.visit_enum(StrDeserializer::new(self.text))
    }

    forward_to_deserialize_any! {
        f32 f64 str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
