//! The part of the feed that several partitions read at the same time: each page is read once for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::page::Page;
use crate::number::Position;
use crate::store::{EventStore, FeedQuery, StoreError, Timeline, Wakeup};

/// How long to wait for a wake-up before looking all the same.
const POLL: Duration = Duration::from_millis(500);

/// The least time between two pages at the head, while events keep coming, for one reader; with each further one it is half of this longer, as each of them writes a
/// transaction for a page. After a longer silence the next event is read at once.
const PACE: Duration = Duration::from_millis(5);
const LONGEST_PACE: Duration = Duration::from_millis(50);

/// What a window keeps at the most, beside its last page.
const MOST_EVENTS: usize = 16_384;
const MOST_BYTES: usize = 16 << 20;
const MOST_PAGES: usize = 1_024;

/// What a page should take in memory at the most, about.
const PAGE_BYTES: usize = 4 << 20;

/// Whoever is so many positions ahead of a window begins it anew instead of waiting until it has come there.
const GAP: u64 = 10_000;

/// A contiguous part of the feed, read page by page for all who follow it closely.
pub(super) struct Window {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn EventStore>,
    names: Arc<[String]>,
    limit: usize,
    /// Heard at the head of the feed, by the one read that is under way; `None`: this window does not wait there.
    wakeup: Option<tokio::sync::Mutex<Wakeup>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each begins where the one before ends.
    pages: VecDeque<Arc<Page>>,
    /// The end of the last page; `None`: nobody has asked yet.
    high: Option<Position>,
    events: usize,
    bytes: usize,
    /// The feed had no more when the last page was read: the next is worth reading when something was appended.
    at_head: bool,
    /// When the last page at the head was read.
    read: Option<Instant>,
    /// The timeline that the pages are of.
    timeline: Timeline,
    /// What an event takes, about; it bounds the next page.
    bytes_each: usize,
    /// How many read in it.
    readers: u32,
    flight: Option<Flight>,
    /// Numbers the reads, so that one that comes too late is known.
    flights: u64,
}

/// A page that is being read.
struct Flight {
    done: watch::Receiver<Option<Landed>>,
    /// Reads in a task of its own: beside the work on the page before, and whoever waits for it may come and go.
    task: AbortOnDropHandle<()>,
}

/// Whether there was anything.
type Landed = Result<bool, Arc<StoreError>>;

/// Where a position is, seen from a window.
enum Place {
    Here(Arc<Page>),
    Before,
    /// At its end: the page is being read.
    Coming(watch::Receiver<Option<Landed>>),
}

/// What comes after a position.
pub(super) enum Next {
    /// The page with it, which may begin before the position.
    Page(Arc<Page>),
    /// The position is before the window, which cannot say.
    Before,
    /// Nothing, for now: the feed was read to its end.
    Nothing,
}

impl Window {
    /// A window that waits at the head of the feed, on the events of these names, of pages with at most so many.
    pub(super) fn waiting(store: Arc<dyn EventStore>, names: Arc<[String]>, limit: usize) -> Self {
        // Listening begins before the first read: what is appended between the two is heard.
        let wakeup = store.wakeup();
        Self::new(store, names, limit, Some(tokio::sync::Mutex::new(wakeup)))
    }

    /// A window that does not wait at the head of the feed.
    pub(super) fn passing(store: Arc<dyn EventStore>, names: Arc<[String]>, limit: usize) -> Self {
        Self::new(store, names, limit, None)
    }

    fn new(
        store: Arc<dyn EventStore>,
        names: Arc<[String]>,
        limit: usize,
        wakeup: Option<tokio::sync::Mutex<Wakeup>>,
    ) -> Self {
        Self { shared: Arc::new(Shared { store, names, limit, wakeup, state: Mutex::default() }) }
    }

    /// What comes after a position. If there is nothing yet, a window that waits at the head does so
    /// only if `wait` says so. Dropping the future loses nothing.
    pub(super) async fn next(&self, after: Position, wait: bool) -> Result<Next, Arc<StoreError>> {
        loop {
            if !wait && self.is_at_head(after) {
                return Ok(Next::Nothing);
            }
            let mut coming = match self.place(after) {
                Place::Here(page) => return Ok(Next::Page(page)),
                Place::Before => return Ok(Next::Before),
                Place::Coming(coming) => coming,
            };
            // An error says that the read was broken off, as by a panic of the store.
            let landed = coming.wait_for(Option::is_some).await.ok().and_then(|landed| landed.clone());
            match landed {
                Some(Ok(true)) => {}
                Some(Ok(false)) if wait && self.shared.wakeup.is_some() => {}
                Some(Ok(false)) => return Ok(Next::Nothing),
                Some(Err(error)) => return Err(error),
                None => self.shared.broken_off()?,
            }
        }
    }

    /// Whether the window has what comes after a position.
    pub(super) fn has(&self, after: Position) -> bool {
        let state = self.shared.state();
        if state.timeline != self.shared.store.timeline() {
            return false;
        }
        let low = state.pages.front().map(|page| page.after).or(state.high);
        low.is_some_and(|low| low <= after) && state.high.is_some_and(|high| after <= high)
    }

    /// Whether the window waits at the head for what comes after a position.
    fn is_at_head(&self, after: Position) -> bool {
        let state = self.shared.state();
        self.shared.wakeup.is_some() && state.at_head && state.high == Some(after)
    }

    /// Reads a page for one alone who is behind the window.
    pub(super) async fn read_alone(&self, after: Position) -> Result<Page, StoreError> {
        let limit = self.shared.page_limit(&self.shared.state());
        self.shared.read(after, limit, None).await
    }

    /// Says that one more reads in this window.
    pub(super) fn enter(&self) {
        self.shared.state().readers += 1;
    }

    /// Says that one reads here no longer; after the last one the window is empty.
    pub(super) fn leave(&self) {
        let mut state = self.shared.state();
        state.readers = state.readers.saturating_sub(1);
        if state.readers == 0 {
            state.restart(None);
        }
    }

    fn place(&self, after: Position) -> Place {
        let mut state = self.shared.state();
        let timeline = self.shared.store.timeline();
        if state.timeline != timeline {
            // Pages of another server, or of what this one has lost.
            state.restart(None);
            state.timeline = timeline;
        }
        let high = state.begin(after);
        if after < high {
            let Some(low) = state.pages.front().map(|page| page.after) else { return Place::Before };
            if after < low {
                return Place::Before;
            }
            let at = state.pages.partition_point(|page| page.through <= after);
            let page = state.pages.get(at).map(Arc::clone);
            if at + 1 >= state.pages.len() && !state.at_head {
                // Whoever takes the last page will want the next one.
                self.shared.fly(&mut state);
            }
            return page.map_or(Place::Before, Place::Here);
        }
        if after > high {
            // There is something to read before it.
            state.at_head = false;
        }
        Place::Coming(self.shared.fly(&mut state))
    }
}

impl State {
    /// The end of the window, which begins here if nobody has begun it, or if it is far behind.
    fn begin(&mut self, after: Position) -> Position {
        match self.high {
            Some(high) if after.get() <= high.get().saturating_add(GAP) => high,
            _ => {
                self.restart(Some(after));
                after
            }
        }
    }

    fn restart(&mut self, high: Option<Position>) {
        *self = Self {
            high,
            timeline: self.timeline,
            bytes_each: self.bytes_each,
            readers: self.readers,
            flights: self.flights + 1,
            ..Self::default()
        };
    }

    /// Says whether there was anything in the page.
    fn push(&mut self, page: Page) -> bool {
        self.at_head = page.is_at_head() || page.through == page.after;
        self.read = self.at_head.then(Instant::now);
        self.high = Some(page.through);
        if page.through == page.after {
            return false;
        }
        if !page.events.is_empty() {
            self.bytes_each = page.bytes / page.events.len();
        }
        self.events += page.events.len();
        self.bytes += page.bytes;
        self.pages.push_back(Arc::new(page));
        while self.pages.len() > 1
            && (self.events > MOST_EVENTS || self.bytes > MOST_BYTES || self.pages.len() > MOST_PAGES)
        {
            let Some(page) = self.pages.pop_front() else { break };
            self.events -= page.events.len();
            self.bytes -= page.bytes;
        }
        true
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A read ended without an answer: its window was begun anew, or the store has panicked.
    fn broken_off(&self) -> Result<(), Arc<StoreError>> {
        let mut state = self.state();
        if state.flight.as_ref().is_some_and(|flight| flight.task.is_finished()) {
            state.flight = None;
            return Err(Arc::new(StoreError::Unavailable("a read of the feed was broken off".into())));
        }
        Ok(())
    }

    fn page_limit(&self, state: &State) -> usize {
        self.limit.min(PAGE_BYTES / state.bytes_each.max(1)).max(16)
    }

    /// Reads the next page, unless somebody does already.
    fn fly(self: &Arc<Self>, state: &mut State) -> watch::Receiver<Option<Landed>> {
        if let Some(flight) = &state.flight {
            return flight.done.clone();
        }
        let after = state.high.unwrap_or_default();
        let pace = (PACE / 2).saturating_mul(state.readers.saturating_add(1)).clamp(PACE, LONGEST_PACE);
        let wait = state.at_head.then_some(state.read).flatten().map(|read| read + pace);
        let limit = self.page_limit(state);
        state.flights += 1;
        let (number, timeline) = (state.flights, state.timeline);
        let (sender, done) = watch::channel(None);
        let shared = Arc::clone(self);
        let task = tokio::spawn(async move {
            let page = shared.read(after, limit, wait).await;
            let mut state = shared.state();
            if state.flights != number {
                // The window was begun anew meanwhile.
                return;
            }
            let page = page.and_then(|page| {
                let same = shared.store.timeline() == timeline;
                if same { Ok(page) } else { Err(StoreError::timeline_over()) }
            });
            let landed = page.map(|page| state.push(page)).map_err(|error| {
                state.at_head = false;
                Arc::new(error)
            });
            state.flight = None;
            drop(state);
            sender.send_replace(Some(landed));
        });
        state.flight = Some(Flight { done: done.clone(), task: AbortOnDropHandle::new(task) });
        done
    }

    /// Reads a page; at the head not before somebody has appended, or it is time to look all the same, nor before the time that is given.
    async fn read(
        &self,
        after: Position,
        limit: usize,
        earliest: Option<Instant>,
    ) -> Result<Page, StoreError> {
        if let (Some(earliest), Some(wakeup)) = (earliest, &self.wakeup) {
            let poll = POLL.mul_f64(1.0 - fastrand::f64() / 4.0);
            let mut wakeup = wakeup.lock().await;
            let poll = wakeup.poll_interval(poll);
            wakeup.wait(poll).await;
            drop(wakeup);
            tokio::time::sleep_until(earliest).await;
        }
        let mut query = FeedQuery::after(after).limit(limit).bytes(PAGE_BYTES);
        query.names = Some(Arc::clone(&self.names));
        let span = tracing::debug_span!("kenning.feed", after = after.get());
        self.store.read_feed(query).instrument(span).await.map(|page| Page::of(after, page))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // A read that waits at the head would keep the window.
        self.shared.state().flight = None;
    }
}
