//! The check that the versions of each stream arrive in order.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

use super::trouble::Trouble;
use crate::number::Version;
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

/// How many streams are remembered.
const STREAMS: NonZeroUsize = const { NonZeroUsize::new(16_384).unwrap() };

/// The last version seen of each stream, of those seen last.
pub(super) struct InOrder {
    versions: LruCache<StreamName, Version>,
    /// The categories of which the consumer follows every event, so that there can be no hole.
    whole: Arc<HashSet<&'static str>>,
}

impl InOrder {
    pub(super) fn new(whole: Arc<HashSet<&'static str>>) -> Self {
        let mut versions = LruCache::unbounded();
        versions.resize(STREAMS);
        Self { versions, whole }
    }

    /// Looks at the next event.
    pub(super) fn check(&mut self, event: &RecordedEvent) -> Result<(), Trouble> {
        let (stream, version) = (&event.metadata.stream, event.metadata.version);
        let Some(last) = self.versions.get_mut(stream) else {
            self.versions.push(stream.clone(), version);
            return Ok(());
        };
        let before = std::mem::replace(last, version);
        let right =
            if self.whole.contains(stream.category()) { version == before.plus(1) } else { version > before };
        if right {
            return Ok(());
        }
        Err(Trouble::Order(format!(
            "{stream} has version {version} after {before} at position {}",
            event.metadata.position
        )))
    }
}
