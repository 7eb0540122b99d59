//! Payloads: the JSON text of an event, a snapshot or a command's body.

use std::cell::Cell;
use std::fmt;

use serde::Serialize;

use crate::check::Readable;

/// The largest buffer that a thread keeps, in bytes.
const KEPT: usize = 64 << 10;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// JSON text, as it stands in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Box<str>);

impl Payload {
    /// Encodes a value; `name` says in an error what it was.
    ///
    /// # Errors
    /// When its `Serialize` impl fails.
    pub fn of<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Self, EncodeError> {
        // The text grows in a buffer of the thread and is allocated once, at its size. A `Serialize` impl that encodes a payload itself finds a fresh one.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        let written = serde_json::to_writer(&mut buffer, value);
        let text = std::str::from_utf8(&buffer).map_err(serde::ser::Error::custom);
        let payload = match written.and(text) {
            Ok(text) => Ok(Self(text.into())),
            Err(source) => Err(EncodeError { name: name.to_owned(), source }),
        };
        if buffer.capacity() <= KEPT {
            // Without its thread's buffer, as when the thread ends, the next payload allocates one.
            BUFFER.try_with(|kept| kept.set(buffer)).ok();
        }
        payload
    }

    /// Takes text that a store has read; it is not parsed until it is decoded.
    #[must_use]
    pub fn from_stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Reads one version's JSON text; `name` and `version` say in an error what it was.
    ///
    /// # Errors
    /// When the text does not fit the type.
    pub fn read<T: Readable>(name: &str, version: u32, text: &[u8]) -> Result<T, DecodeError> {
        serde_json::from_slice(text).map_err(|source| DecodeError::Payload {
            name: name.to_owned(),
            version,
            source,
        })
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of the JSON text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// How many bytes the text has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all, which no encoder writes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Shows the size alone: a payload may hold what must not stand in a log.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

/// A value could not be written as JSON. A defect of its `Serialize` impl: trying again does not help.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be written as JSON")]
pub struct EncodeError {
    name: String,
    source: serde_json::Error,
}

impl EncodeError {
    pub(crate) fn new(name: &str, source: serde_json::Error) -> Self {
        Self { name: name.to_owned(), source }
    }
}

/// A stored event could not be read. Answer as for a defect of the server; the event is still there, and a release that
/// knows its name and version reads it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No event of the set has this name.
    #[error("no event here is named `{name}`")]
    UnknownName {
        /// The persisted name.
        name: String,
    },
    /// The event has a name of the set and a version that it cannot read: written by a newer release, or its `from` is gone.
    #[error("`{name}` has version {found}, this release reads up to {known}")]
    UnknownVersion {
        /// The persisted name.
        name: String,
        /// The version of the stored payload.
        found: u32,
        /// The newest version that can be read.
        known: u32,
    },
    /// The payload does not fit its version.
    #[error("the payload of `{name}` version {version} does not fit")]
    Payload {
        /// The persisted name.
        name: String,
        /// The version of the stored payload.
        version: u32,
        /// What did not fit, and where.
        source: serde_json::Error,
    },
    /// The user's code that reads or applies the event panicked: a `From` of an older version, a
    /// `Deserialize` impl, or an `#[apply]`.
    #[error("reading `{name}` version {version} panicked: {reason}")]
    Panicked {
        /// The persisted name.
        name: String,
        /// The version of the stored payload.
        version: u32,
        /// The text of the panic.
        reason: String,
    },
}

impl DecodeError {
    /// No event of the set has this name.
    #[must_use]
    pub fn unknown_name(name: &str) -> Self {
        Self::UnknownName { name: name.to_owned() }
    }

    /// The version cannot be read.
    #[must_use]
    pub fn unknown_version(name: &str, found: u32, known: u32) -> Self {
        Self::UnknownVersion { name: name.to_owned(), found, known }
    }
}
