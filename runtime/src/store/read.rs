//! Queries on streams and on the feed.

use std::sync::Arc;

use crate::number::{Position, Version};
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

/// Which way a stream is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    #[default]
    Forwards,
    /// Newest first.
    Backwards,
}

/// Which events of a stream are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamQuery {
    /// The stream.
    pub stream: StreamName,
    /// Which way.
    pub direction: Direction,
    /// Where it begins, this version included; `None`: at the stream's beginning, or at its end when read backwards.
    pub from: Option<Version>,
    /// How many events at the most; `None`: all.
    pub limit: Option<u64>,
}

impl StreamQuery {
    /// The whole stream, oldest first.
    #[must_use]
    pub fn forwards(stream: StreamName) -> Self {
        Self { stream, direction: Direction::Forwards, from: None, limit: None }
    }

    /// The whole stream, newest first.
    #[must_use]
    pub fn backwards(stream: StreamName) -> Self {
        Self { direction: Direction::Backwards, ..Self::forwards(stream) }
    }

    /// Begins at this version, which is included.
    #[must_use]
    pub fn from(mut self, version: impl Into<Version>) -> Self {
        self.from = Some(version.into());
        self
    }

    /// Ends after that many events.
    #[must_use]
    pub fn limit(mut self, events: u64) -> Self {
        self.limit = Some(events);
        self
    }
}

/// Which events of the feed are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedQuery {
    /// The position after which the page begins.
    pub after: Position,
    /// How many events at the most, up to [`MAX_PAGE`](crate::limits::MAX_PAGE); 500 if nothing is said.
    pub limit: usize,
    /// The categories wanted; `None`: all.
    pub categories: Option<Arc<[String]>>,
    /// The event names wanted; `None`: all.
    pub names: Option<Arc<[String]>>,
    /// The page ends with the event whose payload reaches this sum of bytes. Default: no bound.
    pub bytes: usize,
}

impl FeedQuery {
    /// The feed after a position.
    #[must_use]
    pub fn after(position: impl Into<Position>) -> Self {
        Self { after: position.into(), limit: 500, categories: None, names: None, bytes: usize::MAX }
    }

    /// At most that many events; at least one, at most [`MAX_PAGE`](crate::limits::MAX_PAGE).
    #[must_use]
    pub fn limit(mut self, events: usize) -> Self {
        self.limit = events.clamp(1, crate::limits::MAX_PAGE);
        self
    }

    /// Ends with the event whose payload reaches this sum of bytes, so that a page of large events takes
    /// little more memory than that.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Only events of streams of these categories.
    #[must_use]
    pub fn categories<T: Into<String>>(mut self, categories: impl IntoIterator<Item = T>) -> Self {
        self.categories = Some(categories.into_iter().map(Into::into).collect());
        self
    }

    /// Only events of these names.
    #[must_use]
    pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Whether an event matches, for stores that filter by themselves.
    #[must_use]
    pub fn wants(&self, category: &str, name: &str) -> bool {
        let has = |list: &Option<Arc<[String]>>, text: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|one| one == text))
        };
        has(&self.categories, category) && has(&self.names, name)
    }
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The events, in the order of their positions.
    pub events: Vec<RecordedEvent>,
    /// Everything up to here has been considered: the next page begins after it. At least the query's `after`.
    pub through: Position,
    /// The last position that could have been delivered when the page was read.
    pub watermark: Position,
}

impl FeedPage {
    /// Whether nothing more could be delivered at that time.
    #[must_use]
    pub fn is_at_head(&self) -> bool {
        self.through >= self.watermark
    }
}
