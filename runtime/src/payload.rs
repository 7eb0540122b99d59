//! Payloads: the JSON text of an event, a snapshot or a command's body.

mod canonical;
mod checked;

use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::checked::{Findings, Value};
use crate::check::Readable;
use crate::panics::{Panicked, caught};

pub(crate) use self::canonical::{Node, Sets};

/// The largest buffer that a thread keeps, in bytes.
const KEPT: usize = 64 << 10;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// JSON text, as it stands in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Box<str>);

impl Payload {
    /// Encodes a value; `name` identifies it in an error.
    ///
    /// # Errors
    /// If its `Serialize` impl fails or panics, or if the JSON could not be read back: a number is
    /// NaN or infinite, or nested deeper than [`MAX_NESTING`](crate::limits::MAX_NESTING).
    pub fn of<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Self, EncodeError> {
        // The text grows in a buffer of the thread and is allocated once, at its size. A `Serialize`
        // impl that encodes a payload itself finds an empty one.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        let findings = Findings::default();
        let written = caught(|| serde_json::to_writer(&mut buffer, &Value::new(value, &findings)))
            .map_err(|panic| EncodeError::panicked(name, panic))?
            .map_err(|error| EncodeError::at(name, findings.path(), error));
        let text = std::str::from_utf8(&buffer).map_err(serde::ser::Error::custom);
        let text = text.map_err(|error| EncodeError::new(name, error));
        let payload = written.and(text).map(|text| Self(text.into()));
        if buffer.capacity() <= KEPT {
            // Without its thread's buffer, as when the thread ends, the next payload allocates one.
            BUFFER.try_with(|kept| kept.set(buffer)).ok();
        }
        payload
    }

    /// Encodes a value and reads it back: the value as it is stored.
    ///
    /// # Errors
    /// As [`of`](Self::of), and if the JSON does not fit the type, or its `Deserialize` impl panics.
    pub fn stored<T: Serialize + DeserializeOwned>(name: &str, value: &T) -> Result<(Self, T), EncodeError> {
        let payload = Self::of(name, value)?;
        match caught(|| serde_json::from_slice(payload.as_bytes())) {
            Ok(Ok(stored)) => Ok((payload, stored)),
            Ok(Err(error)) => Err(EncodeError::unreadable(name, error)),
            Err(panic) => Err(EncodeError::unreadable(name, panic)),
        }
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

/// A value cannot be stored as JSON. Retrying does not help: the value, or its serde impl, is wrong.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be {problem}")]
pub struct EncodeError {
    name: String,
    problem: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl EncodeError {
    pub(crate) fn new(name: &str, source: serde_json::Error) -> Self {
        Self { name: name.to_owned(), problem: "written as JSON", source: source.into() }
    }

    /// With the fields around the problem.
    fn at(name: &str, path: Option<String>, source: serde_json::Error) -> Self {
        match path {
            Some(path) => Self::new(name, serde::ser::Error::custom(format_args!("`{path}`: {source}"))),
            None => Self::new(name, source),
        }
    }

    /// What cannot be done, as in "cannot be written as JSON".
    pub(crate) fn problem(&self) -> impl fmt::Display {
        format!("cannot be {}", self.problem)
    }

    pub(crate) fn panicked(name: &str, panic: Panicked) -> Self {
        Self { name: name.to_owned(), problem: "written as JSON", source: panic.into() }
    }

    /// It is written, but does not become a value again.
    pub(crate) fn unreadable(
        name: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { name: name.to_owned(), problem: "read back from its own JSON", source: source.into() }
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
