//! What the functions take.

use std::borrow::Cow;
use std::time::Duration;

/// A thousand years. What is due later is never due, and would have no date.
const LONGEST: Duration = Duration::from_secs(1_000 * 31_556_952);

/// As the server makes intervals of.
pub(super) fn seconds(duration: Duration) -> f64 {
    duration.min(LONGEST).as_secs_f64()
}

/// A count as the server has it. Beyond 31 bits there is none that it could equal.
pub(super) fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A place in an array, which no batch makes large.
pub(super) fn place(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A text as the server takes it: it has no NUL.
pub(super) fn legible(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
