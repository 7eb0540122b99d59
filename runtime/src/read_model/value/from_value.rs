//! A deserializer for the values of columns.

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Value;
use crate::read_model::ColumnError;

/// Gives the value to whatever type the column is of.
pub(super) struct FromValue {
    pub(super) value: Value,
}

impl<'de> Deserializer<'de> for FromValue {
    type Error = ColumnError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ColumnError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            Value::Boolean(value) => visitor.visit_bool(value),
            Value::SmallInt(value) => visitor.visit_i16(value),
            Value::Integer(value) => visitor.visit_i32(value),
            Value::BigInt(value) => visitor.visit_i64(value),
            Value::Numeric(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i128(value),
            },
            Value::Real(value) => visitor.visit_f32(value),
            Value::Double(value) => visitor.visit_f64(value),
            Value::Text(value) | Value::Json(value) => visitor.visit_string(value),
            Value::Uuid(value) => {
                visitor.visit_str(value.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()))
            }
            Value::Timestamp(value) => {
                // In the form that the type itself reads.
                let text = serde_json::to_value(value).map_err(ColumnError::new)?;
                visitor.visit_str(text.as_str().unwrap_or_default())
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ColumnError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ColumnError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ColumnError> {
        match self.value {
            Value::Text(name) => {
                let name: StrDeserializer<'_, ColumnError> = name.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            _ => Err(ColumnError::new("an enum is kept as text")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
