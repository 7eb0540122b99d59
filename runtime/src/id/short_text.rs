//! Text of bounded length on the stack.

use std::fmt;

use crate::stream::MAX_STREAM_NAME;

/// As much text as the name of a stream may have.
pub(super) struct ShortText {
    bytes: [u8; MAX_STREAM_NAME],
    length: usize,
}

impl ShortText {
    pub(super) fn new() -> Self {
        Self { bytes: [0; MAX_STREAM_NAME], length: 0 }
    }

    /// Appends, unless it gets too long.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let end = self.length + text.len();
        let Some(room) = self.bytes.get_mut(self.length..end) else { return false };
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        true
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(..self.length)?).ok()
    }
}

impl fmt::Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.push(text) { Ok(()) } else { Err(fmt::Error) }
    }
}
