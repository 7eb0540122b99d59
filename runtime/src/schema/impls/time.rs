//! Times, in the forms that the crate `time` writes for people (`serde-human-readable`, which this crate turns on) and that serde writes for `std`.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};

use super::scalar;
use crate::schema::{Schema, Shape, Shapes};

scalar! {
    OffsetDateTime => Shape::text("date-time"),
    PrimitiveDateTime => Shape::text("local-date-time"),
    Date => Shape::text("date"),
    Time => Shape::text("time"),
    UtcOffset => Shape::text("utc-offset"),
    Duration => Shape::text("duration"),
    Month => Shape::text("month"),
    Weekday => Shape::text("weekday"),
}

impl Schema for std::time::Duration {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::object([("secs", u64::shape(shapes)), ("nanos", u32::shape(shapes))])
    }
}
