//! Checks that need types: generated code calls them in a `const _`, spanned at the user's tokens, so that they fail there.

use crate::aggregate::Aggregate;
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::schema::{ColumnType, Member, Schema};

/// The id of `A` is written as one string or number.
///
/// # Panics
/// When it is not: at compile time.
#[track_caller]
pub const fn assert_scalar_id<A: Aggregate>() {
    assert!(
        <A::Id as Schema>::SCALAR,
        "an aggregate's id is one string or one number, since it is part of the stream's name\n\
         help: use a `Uuid`, a `String`, an integer, or a newtype of one"
    );
}

/// The id of the saga `S` is written as one string or number.
///
/// # Panics
/// When it is not: at compile time.
#[track_caller]
pub const fn assert_scalar_saga_id<I: Schema>() {
    assert!(
        I::SCALAR,
        "a saga's id is one string or one number, by which its instances are found\n\
         help: use a `Uuid`, a `String`, an integer, or a newtype of one"
    );
}

/// No event of `S` before the given one has its name.
///
/// # Panics
/// When one has: at compile time.
#[track_caller]
pub const fn assert_distinct_name<S: EventSet>(index: usize) {
    let events: &[EventInfo] = S::EVENTS;
    let name = events[index].name;
    let mut earlier = 0;
    while earlier < index {
        if same(name.as_bytes(), events[earlier].name.as_bytes()) {
            let mut message = Message::new();
            message.push("two events of this set are named `");
            message.push(name);
            message.push("`\nhelp: the name is how a stored event is found again: give each event its own");
            panic!("{}", message.as_str());
        }
        earlier += 1;
    }
}

/// Values of the type of a field are read back as they were written.
///
/// # Panics
/// When some are not: at compile time.
#[track_caller]
pub const fn assert_read_back(field: Member) {
    if let Some(problem) = field.unreadable() {
        panic!("{}", problem);
    }
}

/// The type of a field has a column.
///
/// # Panics
/// When it has none: at compile time.
#[track_caller]
pub const fn assert_column((held, _): (Option<ColumnType>, bool)) {
    crate::read_model::assert_column(held);
}

/// Rows can be told by a key of the type.
///
/// # Panics
/// When they cannot: at compile time.
#[track_caller]
pub const fn assert_key((held, nullable): (Option<ColumnType>, bool)) {
    assert!(
        !nullable,
        "the key of a row is always there, so that it cannot be an `Option`\n\
         help: leave `Option` out"
    );
    match held {
        Some(ColumnType::Real | ColumnType::Double) => panic!(
            "the key of a row cannot be a floating-point number, which need not equal itself\n\
             help: use a `Uuid`, a `String`, an integer, or a newtype of one"
        ),
        None | Some(ColumnType::Json) => panic!(
            "the key of a row is one string or one number\n\
             help: use a `Uuid`, a `String`, an integer, or a newtype of one"
        ),
        Some(_) => {}
    }
}

/// From the end: names of one set like to begin alike, and constant evaluation is slow.
const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut left = one.len();
    while left > 0 {
        left -= 1;
        if one[left] != other[left] {
            return false;
        }
    }
    true
}

/// A text put together at compile time; what does not fit is cut off.
struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self { bytes: [0; 512], len: 0 }
    }

    const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Cut off inside a letter.
            Err(_) => "two events of this set have one name",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, same};

    #[test]
    fn compares_whole_names() {
        assert!(same(b"order.placed", b"order.placed"));
        assert!(!same(b"order.placed", b"Order.placed"));
        assert!(!same(b"order", b"order.placed"));
        assert!(same(b"", b""));
    }

    #[test]
    fn a_message_that_does_not_fit_is_cut_off() {
        let mut message = Message::new();
        message.push(&"x".repeat(600));
        assert_eq!(message.as_str().len(), 512);
    }
}
