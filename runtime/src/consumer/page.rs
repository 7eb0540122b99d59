//! Pages of the feed that several partitions work on.

use std::ops::Deref;
use std::sync::Arc;

use crate::number::Position;
use crate::recorded::RecordedEvent;
use crate::store::FeedPage;

/// What an event takes beside its payload, about.
const OVERHEAD: usize = 256;

/// A page of the feed, read once and shared.
pub(super) struct Page {
    /// Where it begins: its events come after this.
    pub(super) after: Position,
    /// Everything up to here has been considered.
    pub(super) through: Position,
    /// How far the feed went when it was read.
    pub(super) watermark: Position,
    pub(super) events: Vec<RecordedEvent>,
    /// What it takes in memory, about.
    pub(super) bytes: usize,
}

impl Page {
    pub(super) fn of(after: Position, page: FeedPage) -> Self {
        let FeedPage { events, through, watermark } = page;
        let bytes = events.iter().map(|event| event.payload.len() + OVERHEAD).sum();
        Self { after, through: through.max(after), watermark, events, bytes }
    }

    /// Whether nothing more could be delivered when it was read.
    pub(super) fn is_at_head(&self) -> bool {
        self.through >= self.watermark
    }

    /// A page of one event that was read by itself.
    pub(super) fn single(event: RecordedEvent) -> EventRef {
        let position = event.metadata.position;
        let page = FeedPage { events: vec![event], through: position, watermark: position };
        EventRef { page: Arc::new(Self::of(Position::ZERO, page)), at: 0 }
    }

    /// Its events after a position that are chosen.
    pub(super) fn chosen_after(
        self: &Arc<Self>,
        after: Position,
        mut chosen: impl FnMut(&RecordedEvent) -> bool,
    ) -> impl Iterator<Item = EventRef> {
        let first = self.events.partition_point(|event| event.metadata.position <= after);
        let events = self.events.iter().enumerate().skip(first);
        events.filter(move |(_, event)| chosen(event)).map(|(at, _)| EventRef { page: Arc::clone(self), at })
    }
}

/// An event of a page, which it keeps.
#[derive(Clone)]
pub(crate) struct EventRef {
    page: Arc<Page>,
    at: usize,
}

impl Deref for EventRef {
    type Target = RecordedEvent;

    fn deref(&self) -> &RecordedEvent {
        // The place was taken from the page itself, which never changes.
        &self.page.events[self.at]
    }
}
