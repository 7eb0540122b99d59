//! The check that the versions of each stream rise.

use std::num::NonZeroUsize;

use lru::LruCache;

use super::trouble::Trouble;
use crate::number::Version;
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

/// How many streams are remembered.
const STREAMS: NonZeroUsize = const { NonZeroUsize::new(16_384).unwrap() };

/// The last version seen of each stream, of those seen last.
///
/// A version that repeats or goes back stops the partition: the feed is broken. A version that is
/// missing does not. It is of an event that the consumer does not handle, and the feed leaves none out
/// (P1): whether the consumer is live, rebuilt or restarted, it passes over such an event.
pub(super) struct InOrder {
    versions: LruCache<StreamName, Version>,
}

impl InOrder {
    pub(super) fn new() -> Self {
        let mut versions = LruCache::unbounded();
        versions.resize(STREAMS);
        Self { versions }
    }

    /// Looks at the next event.
    pub(super) fn check(&mut self, event: &RecordedEvent) -> Result<(), Trouble> {
        let (stream, version) = (&event.metadata.stream, event.metadata.version);
        let Some(last) = self.versions.get_mut(stream) else {
            self.versions.push(stream.clone(), version);
            return Ok(());
        };
        let before = std::mem::replace(last, version);
        if version > before {
            return Ok(());
        }
        Err(Trouble::Order(format!(
            "{stream} has version {version} after {before} at position {}",
            event.metadata.position
        )))
    }
}
