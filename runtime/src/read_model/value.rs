//! The values of columns.

mod from_value;
#[cfg(test)]
mod tests;
mod to_value;

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::macros::datetime;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use self::from_value::FromValue;
use self::to_value::ToValue;
use super::ColumnError;
use crate::schema::{ColumnType, Schema};

/// The value of a column, as stores keep and compare it. Two values of one column are of one variant, or `Null`.
///
/// Equality and order are those of the stores: `Null` equals itself here, and comes last; numbers that are not a number equal each other and come after
/// all others; text is compared by its bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `smallint`.
    SmallInt(i16),
    /// `integer`.
    Integer(i32),
    /// `bigint`.
    BigInt(i64),
    /// `numeric`, without a fraction.
    Numeric(i128),
    /// `real`.
    Real(f32),
    /// `double precision`.
    Double(f64),
    /// `text`, without NUL.
    Text(String),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`: in UTC, to the microsecond.
    Timestamp(OffsetDateTime),
    /// `json`: its text.
    Json(String),
}

/// The first time that PostgreSQL has.
const FIRST_TIME: OffsetDateTime = datetime!(-4713-11-24 00:00 UTC);

impl Value {
    /// A field's value, as the column of its type holds it.
    ///
    /// # Errors
    /// When the type has no column, or the value does not fit it: a text with a NUL, a number beyond the column's.
    pub fn of<T: Schema + Serialize>(field: &T) -> Result<Self, ColumnError> {
        let Some(column) = T::COLUMN else {
            return Err(ColumnError::new("no column can hold its type"));
        };
        match of_known(field) {
            Some(value) => value.checked(),
            None => field.serialize(ToValue { column })?.checked(),
        }
    }

    /// The value of a field of the type.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn read<T: Schema + DeserializeOwned>(self) -> Result<T, ColumnError> {
        match read_known(&self) {
            Some(known) => Ok(known),
            None => T::deserialize(FromValue { value: self }),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it has a NUL in it.
    pub(crate) fn text(text: &str) -> Result<Self, ColumnError> {
        Self::Text(text.to_owned()).checked()
    }

    /// The type of the columns that hold it; `None`: all.
    pub(crate) fn column_type(&self) -> Option<ColumnType> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(_) => ColumnType::Boolean,
            Self::SmallInt(_) => ColumnType::SmallInt,
            Self::Integer(_) => ColumnType::Integer,
            Self::BigInt(_) => ColumnType::BigInt,
            Self::Numeric(_) => ColumnType::Numeric,
            Self::Real(_) => ColumnType::Real,
            Self::Double(_) => ColumnType::Double,
            Self::Text(_) => ColumnType::Text,
            Self::Uuid(_) => ColumnType::Uuid,
            Self::Timestamp(_) => ColumnType::Timestamp,
            Self::Json(_) => ColumnType::Json,
        })
    }

    /// PostgreSQL has no text with a NUL in it and no time before its first one, and so has nobody.
    fn checked(self) -> Result<Self, ColumnError> {
        match &self {
            Self::Text(text) if text.contains('\0') => Err(ColumnError::new("the text has a NUL in it")),
            Self::Timestamp(time) if *time < FIRST_TIME => {
                Err(ColumnError::new(format_args!("{time} is before {FIRST_TIME}")))
            }
            _ => Ok(self),
        }
    }

    /// Which variant it is, in the order in which they are declared.
    fn variant(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::SmallInt(_) => 1,
            Self::Integer(_) => 2,
            Self::BigInt(_) => 3,
            Self::Numeric(_) => 4,
            Self::Real(_) => 5,
            Self::Double(_) => 6,
            Self::Text(_) => 7,
            Self::Uuid(_) => 8,
            Self::Timestamp(_) => 9,
            Self::Json(_) => 10,
            Self::Null => 11,
        }
    }
}

/// The types that are as common as they are expensive to take the way over serde.
fn of_known<T: 'static>(field: &T) -> Option<Value> {
    let field: &dyn Any = field;
    if let Some(time) = field.downcast_ref::<OffsetDateTime>() {
        return Some(Value::Timestamp(microseconds(*time)));
    }
    if let Some(id) = field.downcast_ref::<Uuid>() {
        return Some(Value::Uuid(*id));
    }
    if let Some(time) = field.downcast_ref::<Option<OffsetDateTime>>() {
        return Some(time.map_or(Value::Null, |time| Value::Timestamp(microseconds(time))));
    }
    None
}

fn read_known<T: 'static>(value: &Value) -> Option<T> {
    let mut known: Option<T> = None;
    let slot: &mut dyn Any = &mut known;
    match value {
        Value::Timestamp(time) => match slot.downcast_mut::<Option<OffsetDateTime>>() {
            Some(slot) => *slot = Some(*time),
            None => *slot.downcast_mut::<Option<Option<OffsetDateTime>>>()? = Some(Some(*time)),
        },
        Value::Uuid(id) => *slot.downcast_mut::<Option<Uuid>>()? = Some(*id),
        _ => {}
    }
    known
}

/// As PostgreSQL keeps it.
pub(crate) fn microseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC).truncate_to_microsecond()
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => one.cmp(other),
            (Self::SmallInt(one), Self::SmallInt(other)) => one.cmp(other),
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::BigInt(one), Self::BigInt(other)) => one.cmp(other),
            (Self::Numeric(one), Self::Numeric(other)) => one.cmp(other),
            (Self::Real(one), Self::Real(other)) => floats(f64::from(*one), f64::from(*other)),
            (Self::Double(one), Self::Double(other)) => floats(*one, *other),
            (Self::Text(one), Self::Text(other)) | (Self::Json(one), Self::Json(other)) => one.cmp(other),
            (Self::Uuid(one), Self::Uuid(other)) => one.cmp(other),
            (Self::Timestamp(one), Self::Timestamp(other)) => one.cmp(other),
            _ => self.variant().cmp(&other.variant()),
        }
    }
}

/// As PostgreSQL orders them: what is not a number equals itself and is greater than all others, and there is one zero.
fn floats(one: f64, other: f64) -> Ordering {
    one.partial_cmp(&other).unwrap_or_else(|| one.is_nan().cmp(&other.is_nan()))
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.variant().hash(state);
        let float = |number: f64| if number == 0.0 { 0 } else { number.to_bits() };
        match self {
            Self::Null => {}
            Self::Boolean(value) => value.hash(state),
            Self::SmallInt(value) => value.hash(state),
            Self::Integer(value) => value.hash(state),
            Self::BigInt(value) => value.hash(state),
            Self::Numeric(value) => value.hash(state),
            Self::Real(value) if value.is_nan() => {}
            Self::Double(value) if value.is_nan() => {}
            Self::Real(value) => float(f64::from(*value)).hash(state),
            Self::Double(value) => float(*value).hash(state),
            Self::Text(value) | Self::Json(value) => value.hash(state),
            Self::Uuid(value) => value.hash(state),
            Self::Timestamp(value) => value.hash(state),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Boolean(value) => value.fmt(f),
            Self::SmallInt(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::BigInt(value) => value.fmt(f),
            Self::Numeric(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
            Self::Double(value) => value.fmt(f),
            Self::Text(value) | Self::Json(value) => value.fmt(f),
            Self::Uuid(value) => value.fmt(f),
            Self::Timestamp(value) => value.fmt(f),
        }
    }
}
