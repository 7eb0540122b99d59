//! Free headers of commands and events.

use std::collections::BTreeMap;

/// Names and texts that travel from a command to its events, such as the trace context. At most [`MAX_HEADERS`](crate::limits::MAX_HEADERS) bytes in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// No header.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a header; the former text is given back.
    pub fn insert(&mut self, name: impl Into<String>, text: impl Into<String>) -> Option<String> {
        self.0.insert(name.into(), text.into())
    }

    /// The text of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All headers, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The bytes of all names and texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(name, text)| name.len() + text.len()).sum()
    }
}

impl<N: Into<String>, T: Into<String>> FromIterator<(N, T)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
    }
}
