use std::borrow::Cow;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroI128, NonZeroU8, NonZeroU64, Wrapping};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::macros::{date, datetime, offset, time};
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};
use uuid::Uuid;

use super::Value;
use crate::read_model::{ColumnInfo, Row, RowReader, RowWriter};
use crate::schema::{ColumnType, Schema, Shape, Shapes};
use crate::{Position, Version};

macro_rules! held_as {
    ($($ty:ident: $column:ident),+) => {
        $(impl Schema for $ty {
            const SCALAR: bool = true;
            const COLUMN: Option<ColumnType> = Some(ColumnType::$column);

            fn shape(_: &mut Shapes) -> Shape {
                Shape::String
            }
        })+
    };
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct CustomerId(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OrderId(Uuid);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct At {
    time: OffsetDateTime,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Weight(f32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Name(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    OnItsWay,
    #[serde(rename = "it's \"there\"")]
    Delivered,
}

/// Says that it is text and is a number.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Liar(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u64, u64);

held_as!(CustomerId: Numeric, OrderId: Uuid, At: Timestamp, Weight: Real, Name: Text, Status: Text, Liar: Text, Pair: Text);

#[track_caller]
fn there_and_back<T: Schema + Serialize + DeserializeOwned + PartialEq + Debug>(field: T, value: Value) {
    let written = Value::of(&field).unwrap();
    assert_eq!(format!("{written:?}"), format!("{value:?}"));
    assert_eq!(written.column_type(), T::COLUMN.filter(|_| written != Value::Null));
    assert_eq!(written.read::<T>().unwrap(), field);
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn numbers_keep_their_ends() {
    there_and_back(i8::MIN, Value::SmallInt(-128));
    there_and_back(u8::MAX, Value::SmallInt(255));
    there_and_back(i16::MIN, Value::SmallInt(i16::MIN));
    there_and_back(u16::MAX, Value::Integer(65_535));
    there_and_back(i32::MIN, Value::Integer(i32::MIN));
    there_and_back(u32::MAX, Value::BigInt(4_294_967_295));
    there_and_back(i64::MIN, Value::BigInt(i64::MIN));
    there_and_back(u64::MAX, Value::Numeric(i128::from(u64::MAX)));
    there_and_back(i128::MIN, Value::Numeric(i128::MIN));
    there_and_back(i128::MAX, Value::Numeric(i128::MAX));
    there_and_back(NonZeroU8::MAX, Value::SmallInt(255));
    there_and_back(NonZeroU64::MAX, Value::Numeric(i128::from(u64::MAX)));
    there_and_back(NonZeroI128::MIN, Value::Numeric(i128::MIN));
    there_and_back(Wrapping(-1_i64), Value::BigInt(-1));
    there_and_back(Position::new(u64::MAX), Value::Numeric(i128::from(u64::MAX)));
    there_and_back(Version::new(1), Value::Numeric(1));
    there_and_back(f32::MIN_POSITIVE, Value::Real(f32::MIN_POSITIVE));
    there_and_back(f64::MAX, Value::Double(f64::MAX));
    there_and_back(f64::NEG_INFINITY, Value::Double(f64::NEG_INFINITY));
    there_and_back(true, Value::Boolean(true));
    assert!(Value::of(&f32::NAN).unwrap().read::<f32>().unwrap().is_nan());
    assert!(Value::of(&f64::NAN).unwrap().read::<f64>().unwrap().is_nan());
    assert!(Value::of(&-0.0_f64).unwrap().read::<f64>().unwrap().is_sign_negative());
}

#[test]
fn what_is_written_as_text_is_text() {
    there_and_back(String::new(), text(""));
    there_and_back("it's \"ü\" \u{1F600} \\".to_owned(), text("it's \"ü\" \u{1F600} \\"));
    there_and_back('\u{1F600}', text("\u{1F600}"));
    there_and_back(Cow::<'static, str>::Borrowed("a"), text("a"));
    there_and_back(Box::new("a".to_owned()), text("a"));
    there_and_back(IpAddr::V4(Ipv4Addr::LOCALHOST), text("127.0.0.1"));
    there_and_back("[::1]:80".parse::<SocketAddr>().unwrap(), text("[::1]:80"));
    there_and_back(date!(2024 - 02 - 29), text("2024-02-29"));
    there_and_back(time!(23:59:59.000_000_001), text("23:59:59.000000001"));
    there_and_back(offset!(-03:30), text("-03:30:00"));
    there_and_back(Duration::new(-1, -5), text("-1.000000005"));
    there_and_back(Duration::MAX, Value::of(&Duration::MAX).unwrap());
    there_and_back(Month::May, text("May"));
    there_and_back(Weekday::Sunday, text("Sunday"));
    let local = PrimitiveDateTime::new(Date::MIN, Time::MIDNIGHT);
    there_and_back(local, Value::of(&local).unwrap());
    there_and_back(UtcOffset::UTC, text("+00:00:00"));
}

#[test]
fn newtypes_and_enums_are_what_they_hold() {
    let id = Uuid::from_u128(7);
    there_and_back(CustomerId(u64::MAX), Value::Numeric(i128::from(u64::MAX)));
    there_and_back(OrderId(id), Value::Uuid(id));
    there_and_back(id, Value::Uuid(id));
    there_and_back(Weight(0.1), Value::Real(0.1));
    there_and_back(Name("a".to_owned()), text("a"));
    there_and_back(Status::OnItsWay, text("on-its-way"));
    there_and_back(Status::Delivered, text("it's \"there\""));
}

#[test]
fn nothing_is_nothing() {
    there_and_back(None::<u64>, Value::Null);
    there_and_back(Some(5_u64), Value::Numeric(5));
    there_and_back(None::<Status>, Value::Null);
    there_and_back(Some(Status::OnItsWay), text("on-its-way"));
    there_and_back(None::<CustomerId>, Value::Null);
    there_and_back(Some(OrderId(Uuid::nil())), Value::Uuid(Uuid::nil()));
    there_and_back(None::<OffsetDateTime>, Value::Null);
    let time = datetime!(2024-01-01 00:00 UTC);
    there_and_back(Some(time), Value::Timestamp(time));
    there_and_back(Some(f64::INFINITY), Value::Double(f64::INFINITY));
}

#[test]
fn times_are_in_utc_and_to_the_microsecond() {
    let written = datetime!(1999-12-31 23:30:00.123456789 -01:00);
    let held = datetime!(2000-01-01 00:30:00.123456 UTC);
    assert_eq!(format!("{:?}", Value::of(&written).unwrap()), format!("{:?}", Value::Timestamp(held)));
    assert_eq!(Value::of(&written).unwrap().read::<OffsetDateTime>().unwrap(), held);
    // The way over serde, that a newtype takes, leads to the same.
    let newtype = Value::of(&At { time: written }).unwrap();
    assert_eq!(format!("{newtype:?}"), format!("{:?}", Value::Timestamp(held)));
    assert_eq!(newtype.read::<At>().unwrap(), At { time: held });
    let before = datetime!(1969-12-31 23:59:59.999_999_999 UTC);
    assert_eq!(Value::of(&before).unwrap(), Value::Timestamp(datetime!(1969-12-31 23:59:59.999_999 UTC)));
    for time in [datetime!(9999-12-31 23:59:59.999_999 UTC), datetime!(-4713-11-24 00:00 UTC)] {
        there_and_back(time, Value::Timestamp(time));
        there_and_back(At { time }, Value::Timestamp(time));
    }
}

#[test]
fn what_no_column_can_hold_is_refused() {
    let reasons = [
        Value::of(&"a\0b".to_owned()).unwrap_err(),
        Value::of(&Name("\0".to_owned())).unwrap_err(),
        Value::of(&'\0').unwrap_err(),
        Value::of(&Liar(1)).unwrap_err(),
        Value::of(&Pair(1, 2)).unwrap_err(),
        Value::of(&vec![1_u8]).unwrap_err(),
        Value::of(&u128::MAX).unwrap_err(),
        // Before PostgreSQL's first time.
        Value::of(&datetime!(-4713-11-23 23:59:59 UTC)).unwrap_err(),
        Value::of(&Some(At { time: datetime!(-9999-01-01 00:00 UTC) })).unwrap_err(),
    ];
    for reason in reasons {
        assert!(reason.to_string().contains("does not fit"), "{reason}");
    }
}

#[test]
fn what_does_not_fit_the_field_is_refused() {
    assert!(Value::Null.read::<u64>().is_err());
    assert!(Value::Null.read::<String>().is_err());
    assert!(Value::Null.read::<Status>().is_err());
    assert!(Value::Null.read::<OffsetDateTime>().is_err());
    assert!(Value::SmallInt(-1).read::<u8>().is_err());
    assert!(Value::SmallInt(0).read::<NonZeroU8>().is_err());
    assert!(Value::Numeric(-1).read::<u64>().is_err());
    assert!(Value::Numeric(i128::MAX).read::<u64>().is_err());
    assert!(text("lost").read::<Status>().is_err());
    assert!(text("ab").read::<char>().is_err());
    assert!(text("1").read::<u64>().is_err());
    assert!(Value::BigInt(1).read::<String>().is_err());
    assert!(Value::Uuid(Uuid::nil()).read::<u64>().is_err());
}

#[test]
fn equal_values_have_equal_hashes() {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let hash = |value: &Value| {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    };
    let nan = f64::from_bits(f64::NAN.to_bits() | 1);
    for (one, other) in [
        (Value::Double(0.0), Value::Double(-0.0)),
        (Value::Real(0.0), Value::Real(-0.0)),
        (Value::Double(f64::NAN), Value::Double(nan)),
        (Value::Real(f32::NAN), Value::Real(-f32::NAN)),
    ] {
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
    }
    assert!(Value::Double(f64::NAN) > Value::Double(f64::INFINITY));
    assert!(Value::Null > Value::Double(f64::NAN));
}

const COLUMNS: &[ColumnInfo] = &[
    ColumnInfo { name: "id", column_type: ColumnType::Numeric, nullable: false },
    ColumnInfo { name: "tags", column_type: ColumnType::Json, nullable: false },
    ColumnInfo { name: "note", column_type: ColumnType::Json, nullable: true },
    ColumnInfo { name: "any", column_type: ColumnType::Json, nullable: false },
];

fn written(id: &CustomerId, tags: &Vec<String>, note: &Option<Pair>, any: &serde_json::Value) -> Row {
    let mut writer = RowWriter::new(COLUMNS);
    writer.column(id).unwrap();
    writer.json(tags).unwrap();
    writer.json(note).unwrap();
    writer.json(any).unwrap();
    writer.finish()
}

#[test]
fn rows_go_there_and_back() {
    let tags = vec!["a".to_owned(), "\0\"".to_owned()];
    for note in [None, Some(Pair(1, u64::MAX))] {
        let row = written(&CustomerId(7), &tags, &note, &serde_json::Value::Null);
        // An absent `Option` is nothing, so that it can be asked for; what is `null` where nothing is not allowed stays JSON.
        assert_eq!(row.values()[2] == Value::Null, note.is_none());
        assert_eq!(row.values()[3], Value::Json("null".to_owned()));
        let mut reader = RowReader::new(COLUMNS, row);
        assert_eq!(reader.column::<CustomerId>().unwrap(), CustomerId(7));
        assert_eq!(reader.json::<Vec<String>>().unwrap(), tags);
        assert_eq!(reader.json::<Option<Pair>>().unwrap(), note);
        assert_eq!(reader.json::<serde_json::Value>().unwrap(), serde_json::Value::Null);
    }
}

#[test]
fn errors_name_the_column() {
    let mut writer = RowWriter::new(COLUMNS);
    writer.column(&CustomerId(1)).unwrap();
    assert!(writer.column(&Liar(1)).unwrap_err().to_string().contains("`tags`"));
    let row = Row::new(vec![Value::Numeric(-1), text("[]")]);
    let mut reader = RowReader::new(COLUMNS, row);
    assert!(reader.column::<CustomerId>().unwrap_err().to_string().contains("`id`"));
    assert!(reader.json::<Vec<u8>>().unwrap_err().to_string().contains("`tags`"));
    let short = reader.json::<Option<u8>>().unwrap_err().to_string();
    assert!(short.contains("`note`") && short.contains("too short"), "{short}");
}
