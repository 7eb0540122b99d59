//! Times, in the forms that the crate `time` writes for people (`serde-human-readable`, which this crate turns on) and that serde writes for `std`.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};

use super::scalar;
use crate::schema::{ColumnType, Schema, Shape, Shapes};

scalar! {
    OffsetDateTime: ColumnType::Timestamp => Shape::text("date-time"),
    PrimitiveDateTime: ColumnType::Text => Shape::text("local-date-time"),
    Date: ColumnType::Text => Shape::text("date"),
    Time: ColumnType::Text => Shape::text("time"),
    UtcOffset: ColumnType::Text => Shape::text("utc-offset"),
    Duration: ColumnType::Text => Shape::text("duration"),
    Month: ColumnType::Text => Shape::text("month"),
    Weekday: ColumnType::Text => Shape::text("weekday"),
}

impl Schema for std::time::Duration {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::object([("secs", u64::shape(shapes)), ("nanos", u32::shape(shapes))])
    }
}
