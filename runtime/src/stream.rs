//! Stream names: `category-id`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The longest stream name, in bytes.
pub const MAX_STREAM_NAME: usize = 255;

/// The name of a stream: a category, a dash, an id. The category has no dash, the id may have any number of them.
///
/// Cloning is cheap: the text is shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    text: Arc<str>,
}

/// A text that cannot name a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot name a stream: {reason}")]
pub struct InvalidStreamName {
    name: String,
    reason: Cow<'static, str>,
}

impl InvalidStreamName {
    pub(crate) fn id(name: String, reason: impl fmt::Display) -> Self {
        Self { name, reason: reason.to_string().into() }
    }
}

impl StreamName {
    /// Joins a category and an id.
    ///
    /// # Errors
    /// When the category is not of `a-z`, `0-9`, `_` and `.`, starting with a letter; when the id is empty or has a control character;
    /// when the whole is longer than [`MAX_STREAM_NAME`] bytes.
    pub fn new(category: &str, id: &str) -> Result<Self, InvalidStreamName> {
        let mut text = String::with_capacity(category.len() + 1 + id.len());
        text.push_str(category);
        text.push('-');
        text.push_str(id);
        Self::checked(text, category.len())
    }

    /// Reads a whole name, as [`as_str`](Self::as_str) gave it.
    ///
    /// # Errors
    /// As [`new`](Self::new); also when there is no dash.
    pub fn parse(name: &str) -> Result<Self, InvalidStreamName> {
        match name.find('-') {
            Some(dash) => Self::checked(name.to_owned(), dash),
            None => Err(InvalidStreamName {
                name: name.to_owned(),
                reason: "there is no dash after the category".into(),
            }),
        }
    }

    /// Takes a name that is known to be right.
    pub(crate) fn new_unchecked(text: &str) -> Self {
        Self { text: text.into() }
    }

    pub(crate) fn checked(text: String, dash: usize) -> Result<Self, InvalidStreamName> {
        let (category, id) = (&text.as_bytes()[..dash], &text.as_bytes()[dash + 1..]);
        let reason = if !is_category(category) {
            "a category is of a-z, 0-9, _ and ., and starts with a letter"
        } else if id.is_empty() {
            "the id is empty"
        } else if !is_id(id) {
            "the id has a control character"
        } else if text.len() > MAX_STREAM_NAME {
            "it is longer than 255 bytes"
        } else {
            return Ok(Self { text: text.into() });
        };
        Err(InvalidStreamName { name: text, reason: reason.into() })
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the first dash.
    #[must_use]
    pub fn category(&self) -> &str {
        self.text.split_once('-').map_or(&*self.text, |(category, _)| category)
    }

    /// What stands after the first dash.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text.split_once('-').map_or("", |(_, id)| id)
    }
}

/// Whether the bytes are a legal category: the rule that the macros check at compile time as well.
#[must_use]
pub(crate) const fn is_category(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        let legal = match text[at] {
            b'a'..=b'z' => true,
            b'0'..=b'9' | b'_' | b'.' => at > 0,
            _ => false,
        };
        if !legal {
            return false;
        }
        at += 1;
    }
    !text.is_empty()
}

/// Whether the bytes may follow the dash: there are some, and none is a control character.
pub(crate) fn is_id(text: &[u8]) -> bool {
    // Looking at all of them, whatever comes first, is what the compiler makes vectors of.
    !text.is_empty() && !text.iter().fold(false, |found, byte| found | byte.is_ascii_control())
}

impl StreamName {
    /// The partition of a stream, by its id: streams of one id in different categories are of one partition.
    pub(crate) fn partition(&self, partitions: u16) -> u16 {
        if partitions <= 1 {
            return 0;
        }
        // FNV-1a: it must give the same in every release, as rows have been written by it.
        let hash = self.id().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash % u64::from(partitions)) as u16
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl AsRef<str> for StreamName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}
