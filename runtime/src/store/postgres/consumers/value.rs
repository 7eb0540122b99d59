//! Values as parameters and as they are read, in the server's own binary format: nothing is cast, and no array of another type is made first.

mod numeric;

use std::str::from_utf8;

use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgRow, PgTypeInfo};
use sqlx::{Postgres, Row, Type, ValueRef};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::read_model::Value;
use crate::schema::ColumnType;

/// From when on the server counts.
const EPOCH: OffsetDateTime = datetime!(2000-01-01 00:00 UTC);

/// The server's numbers for a type and for its array.
const fn types(column_type: ColumnType) -> (Oid, Oid) {
    let (one, array) = match column_type {
        ColumnType::Boolean => (16, 1000),
        ColumnType::SmallInt => (21, 1005),
        ColumnType::Integer => (23, 1007),
        ColumnType::BigInt => (20, 1016),
        ColumnType::Numeric => (1700, 1231),
        ColumnType::Real => (700, 1021),
        ColumnType::Double => (701, 1022),
        ColumnType::Text => (25, 1009),
        ColumnType::Uuid => (2950, 2951),
        ColumnType::Timestamp => (1184, 1185),
        ColumnType::Json => (114, 199),
    };
    (Oid(one), Oid(array))
}

/// One value as a parameter of its column's type.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::postgres) struct One<'a>(
    pub(in crate::store::postgres) ColumnType,
    pub(in crate::store::postgres) &'a Value,
);

/// Many values of one column as an array.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::postgres) struct Many<I>(
    pub(in crate::store::postgres) ColumnType,
    pub(in crate::store::postgres) I,
);

impl Type<Postgres> for One<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(types(ColumnType::Text).0)
    }
}

impl<I> Type<Postgres> for Many<I> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(types(ColumnType::Text).1)
    }
}

impl Encode<'_, Postgres> for One<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        write(self.0, self.1, buffer)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(types(self.0).0))
    }
}

impl<'v, I: Iterator<Item = &'v Value> + Clone> Encode<'_, Postgres> for Many<I> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // One dimension, some elements may be null, their type, how many there are, the first one's number.
        for number in [1_u32, 1, types(self.0).0.0] {
            buffer.extend_from_slice(&number.to_be_bytes());
        }
        let start = buffer.len();
        buffer.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
        let mut count = 0_i32;
        for value in self.1.clone() {
            let at = buffer.len();
            buffer.extend_from_slice(&[0; 4]);
            let length = match write(self.0, value, buffer)? {
                IsNull::Yes => -1,
                IsNull::No => i32::try_from(buffer.len() - at - 4)?,
            };
            buffer[at..at + 4].copy_from_slice(&length.to_be_bytes());
            count = count.checked_add(1).ok_or("too many values")?;
        }
        buffer[start..start + 4].copy_from_slice(&count.to_be_bytes());
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(types(self.0).1))
    }
}

fn write(
    column_type: ColumnType,
    value: &Value,
    buffer: &mut PgArgumentBuffer,
) -> Result<IsNull, BoxDynError> {
    match (column_type, value) {
        (_, Value::Null) => return Ok(IsNull::Yes),
        (ColumnType::Boolean, Value::Boolean(value)) => buffer.push(u8::from(*value)),
        (ColumnType::SmallInt, Value::SmallInt(value)) => buffer.extend_from_slice(&value.to_be_bytes()),
        (ColumnType::Integer, Value::Integer(value)) => buffer.extend_from_slice(&value.to_be_bytes()),
        (ColumnType::BigInt, Value::BigInt(value)) => buffer.extend_from_slice(&value.to_be_bytes()),
        (ColumnType::Numeric, Value::Numeric(value)) => numeric::write(*value, buffer),
        (ColumnType::Real, Value::Real(value)) => buffer.extend_from_slice(&value.to_be_bytes()),
        (ColumnType::Double, Value::Double(value)) => buffer.extend_from_slice(&value.to_be_bytes()),
        (ColumnType::Text, Value::Text(text)) | (ColumnType::Json, Value::Json(text)) => {
            buffer.extend_from_slice(text.as_bytes());
        }
        (ColumnType::Uuid, Value::Uuid(id)) => buffer.extend_from_slice(id.as_bytes()),
        (ColumnType::Timestamp, Value::Timestamp(time)) => {
            let since = i64::try_from((*time - EPOCH).whole_microseconds())?;
            buffer.extend_from_slice(&since.to_be_bytes());
        }
        _ => return Err(format!("{value:?} is no value of a column of {column_type:?}").into()),
    }
    Ok(IsNull::No)
}

/// The value in a column of a row.
pub(super) fn read(row: &PgRow, place: usize, column_type: ColumnType) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(place)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let bytes = raw.as_bytes().map_err(sqlx::Error::Decode)?;
    value(column_type, bytes)
        .map_err(|source| sqlx::Error::ColumnDecode { index: format!("{place} as {column_type:?}"), source })
}

fn value(column_type: ColumnType, bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(match column_type {
        ColumnType::Boolean => Value::Boolean(u8::from_be_bytes(bytes.try_into()?) != 0),
        ColumnType::SmallInt => Value::SmallInt(i16::from_be_bytes(bytes.try_into()?)),
        ColumnType::Integer => Value::Integer(i32::from_be_bytes(bytes.try_into()?)),
        ColumnType::BigInt => Value::BigInt(i64::from_be_bytes(bytes.try_into()?)),
        ColumnType::Numeric => Value::Numeric(numeric::read(bytes)?),
        ColumnType::Real => Value::Real(f32::from_be_bytes(bytes.try_into()?)),
        ColumnType::Double => Value::Double(f64::from_be_bytes(bytes.try_into()?)),
        ColumnType::Text => Value::Text(from_utf8(bytes)?.to_owned()),
        ColumnType::Json => Value::Json(from_utf8(bytes)?.to_owned()),
        ColumnType::Uuid => Value::Uuid(Uuid::from_slice(bytes)?),
        ColumnType::Timestamp => {
            let since = Duration::microseconds(i64::from_be_bytes(bytes.try_into()?));
            Value::Timestamp(EPOCH.checked_add(since).ok_or("the time is too far away")?)
        }
    })
}
