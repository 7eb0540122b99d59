//! A serializer for the values of columns.

use serde::de::value::StrDeserializer;
use serde::ser::{Impossible, Serialize, Serializer};
use serde::{Deserialize, de};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Value, microseconds};
use crate::read_model::ColumnError;
use crate::schema::ColumnType;

/// Takes one string, number or boolean, a unit variant, an option or newtypes of these, as a value of the column's type; refuses everything else.
pub(super) struct ToValue {
    pub(super) column: ColumnType,
}

impl ToValue {
    fn integer(self, number: i128) -> Result<Value, ColumnError> {
        let beyond = || ColumnError::new(format_args!("{number} is beyond its numbers"));
        Ok(match self.column {
            ColumnType::SmallInt => Value::SmallInt(number.try_into().map_err(|_| beyond())?),
            ColumnType::Integer => Value::Integer(number.try_into().map_err(|_| beyond())?),
            ColumnType::BigInt => Value::BigInt(number.try_into().map_err(|_| beyond())?),
            ColumnType::Numeric => Value::Numeric(number),
            _ => return self.refused("an integer"),
        })
    }

    fn text(self, text: &str) -> Result<Value, ColumnError> {
        match self.column {
            ColumnType::Text => Ok(Value::Text(text.to_owned())),
            ColumnType::Uuid => Uuid::parse_str(text).map(Value::Uuid).map_err(ColumnError::new),
            ColumnType::Timestamp => {
                let text: StrDeserializer<'_, ColumnError> = de::IntoDeserializer::into_deserializer(text);
                OffsetDateTime::deserialize(text).map(|time| Value::Timestamp(microseconds(time)))
            }
            _ => self.refused("a string"),
        }
    }

    fn refused<T>(&self, what: &str) -> Result<T, ColumnError> {
        Err(ColumnError::new(format_args!("{what} is no {:?}, as which the type is described", self.column)))
    }
}

macro_rules! integers {
    ($($method:ident $type:ty),+) => {
        $(fn $method(self, value: $type) -> Result<Value, ColumnError> {
            self.integer(value.into())
        })+
    };
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = ColumnError;
    type SerializeSeq = Impossible<Value, ColumnError>;
    type SerializeTuple = Impossible<Value, ColumnError>;
    type SerializeTupleStruct = Impossible<Value, ColumnError>;
    type SerializeTupleVariant = Impossible<Value, ColumnError>;
    type SerializeMap = Impossible<Value, ColumnError>;
    type SerializeStruct = Impossible<Value, ColumnError>;
    type SerializeStructVariant = Impossible<Value, ColumnError>;

    integers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    );

    fn serialize_bool(self, value: bool) -> Result<Value, ColumnError> {
        match self.column {
            ColumnType::Boolean => Ok(Value::Boolean(value)),
            _ => self.refused("a boolean"),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<Value, ColumnError> {
        match self.column {
            ColumnType::Real => Ok(Value::Real(value)),
            ColumnType::Double => Ok(Value::Double(f64::from(value))),
            _ => self.refused("a number with a fraction"),
        }
    }

    fn serialize_f64(self, value: f64) -> Result<Value, ColumnError> {
        match self.column {
            ColumnType::Double => Ok(Value::Double(value)),
            _ => self.refused("a number with a fraction"),
        }
    }

    fn serialize_char(self, value: char) -> Result<Value, ColumnError> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<Value, ColumnError> {
        self.text(value)
    }

    fn serialize_none(self) -> Result<Value, ColumnError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, ColumnError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ColumnError> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, ColumnError> {
        value.serialize(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, ColumnError> {
        self.refused("a sequence of bytes")
    }

    fn serialize_unit(self) -> Result<Value, ColumnError> {
        self.refused("`null`")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, ColumnError> {
        self.refused("`null`")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Value, ColumnError> {
        self.refused("a variant with a field")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, ColumnError> {
        self.refused("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, ColumnError> {
        self.refused("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, ColumnError> {
        self.refused("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, ColumnError> {
        self.refused("a variant with fields")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, ColumnError> {
        self.refused("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, ColumnError> {
        self.refused("a struct")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, ColumnError> {
        self.refused("a variant with fields")
    }
}
