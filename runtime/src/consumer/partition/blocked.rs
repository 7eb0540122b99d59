//! The streams of a partition that have parked events.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;

use crate::store::MAX_PARKED_STREAMS;
use crate::stream::StreamName;

/// The most streams whose next attempt is timed here; those beyond are found in the store.
const TIMED: usize = 1_000;

/// The streams of a partition that have parked events: later events of theirs wait.
pub(super) struct Blocked {
    known: HashSet<StreamName>,
    /// There are more than are kept in memory: the store is asked for each batch.
    many: bool,
    /// When events that were set aside are tried again.
    due: HashMap<StreamName, Instant>,
}

impl Blocked {
    /// From what the store gives.
    pub(super) fn new(streams: Vec<StreamName>) -> Self {
        let mut blocked = Self { known: HashSet::new(), many: false, due: HashMap::new() };
        blocked.many = streams.len() >= MAX_PARKED_STREAMS;
        blocked.known = if blocked.many { HashSet::new() } else { streams.into_iter().collect() };
        blocked
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.many
    }

    /// The streams, unless they are too many to be known.
    pub(super) fn known(&self) -> Option<&HashSet<StreamName>> {
        (!self.many).then_some(&self.known)
    }

    pub(super) fn insert(&mut self, stream: StreamName) {
        if self.many {
            return;
        }
        self.known.insert(stream);
        if self.known.len() >= MAX_PARKED_STREAMS {
            self.many = true;
            self.known = HashSet::new();
        }
    }

    pub(super) fn remove(&mut self, stream: &StreamName) {
        self.known.remove(stream);
        self.due.remove(stream);
    }

    /// The oldest event of a stream is tried again then.
    pub(super) fn retry_at(&mut self, stream: StreamName, at: Instant) {
        if self.due.len() < TIMED || self.due.contains_key(&stream) {
            self.due.insert(stream, at);
        }
    }

    /// When the next one is tried again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// The streams that are due, which are timed no longer.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<StreamName> {
        let due = |at: &Instant| *at <= now;
        let streams = self.due.iter().filter(|(_, at)| due(at)).map(|(stream, _)| stream.clone()).collect();
        self.due.retain(|_, at| !due(at));
        streams
    }
}
