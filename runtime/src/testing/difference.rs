//! A difference that a person can read.

use std::fmt::{Debug, Write};

use similar::{ChangeTag, TextDiff};

/// A value over several lines.
pub(super) fn pretty(value: &(impl Debug + ?Sized)) -> String {
    format!("{value:#?}")
}

/// Fails unless both are equal, showing what differs line by line.
#[track_caller]
pub(super) fn assert_same<T: PartialEq + Debug + ?Sized>(what: &str, expected: &T, found: &T) {
    assert!(expected == found, "{what}\n\n{}", difference(&pretty(expected), &pretty(found)));
}

/// The lines of both texts: `-` before what was expected and is not there, `+` before what is there and was not expected.
pub(super) fn difference(expected: &str, found: &str) -> String {
    let mut text = String::from("- expected\n+ found\n\n");
    for change in TextDiff::from_lines(expected, found).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        // Writing into a `String` cannot fail.
        if writeln!(text, "{sign} {}", change.value().trim_end_matches('\n')).is_err() {
            break;
        }
    }
    if expected == found {
        text.push_str(
            "\nBoth are written alike: their `PartialEq` tells apart what their `Debug` does not show.\n",
        );
    }
    text
}
