//! Following the feed of all streams.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use metrics::Counter;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use crate::number::Position;
use crate::store::{EventStore, FeedPage, FeedQuery, StoreError, Wakeup};
use crate::telemetry;

/// How long a feed waits for a wake-up before it looks by itself, if nothing is said.
const POLL: Duration = Duration::from_millis(500);

/// The least time between two pages at the head, while events keep coming: a page for every commit would take a tenth of what writers need. After a
/// longer silence the next event is read at once.
const PACE: Duration = Duration::from_millis(5);

/// Follows the feed: every committed event once, in the order of the positions, as long as it is asked.
///
/// Where it stands is kept by the feed in memory alone: whoever has to go on after a restart stores [`FeedPage::through`] with what they have done
/// and begins [`after`](Self::after) it.
#[must_use = "a feed delivers when `next` is called"]
pub struct Feed {
    store: Arc<dyn EventStore>,
    query: FeedQuery,
    wakeup: Wakeup,
    poll: Duration,
    closed: watch::Receiver<bool>,
    events: Counter,
    /// The last page went as far as any could: the next is worth reading when something was appended.
    at_head: bool,
    read: Option<Instant>,
}

impl Feed {
    pub(crate) fn new(store: Arc<dyn EventStore>, closed: watch::Receiver<bool>) -> Self {
        // Listening begins before the first read: what is appended between the two is heard.
        let wakeup = store.wakeup();
        Self {
            store,
            query: FeedQuery::after(Position::ZERO),
            wakeup,
            poll: POLL,
            closed,
            events: telemetry::feed_events(),
            at_head: false,
            read: None,
        }
    }

    /// Begins after this position; at the very beginning if nothing is said.
    pub fn after(mut self, position: impl Into<Position>) -> Self {
        self.query.after = position.into();
        (self.at_head, self.read) = (false, None);
        self
    }

    /// Only events of streams of these categories.
    pub fn categories<T: Into<String>>(mut self, categories: impl IntoIterator<Item = T>) -> Self {
        self.query = self.query.categories(categories);
        self
    }

    /// Only events of these names.
    pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.query = self.query.names(names);
        self
    }

    /// At most that many events a page; 500 if nothing is said, at most [`MAX_PAGE`](crate::limits::MAX_PAGE).
    pub fn limit(mut self, events: usize) -> Self {
        self.query = self.query.limit(events);
        self
    }

    /// How long to wait for a wake-up at the most before looking by itself; half a second if nothing is said. Each wait is up to a quarter shorter, so that
    /// readers do not look all at once.
    pub fn poll_every(mut self, at_most: Duration) -> Self {
        self.poll = at_most;
        self
    }

    /// Where the feed stands: everything up to here has been delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        self.query.after
    }

    /// Waits for the next page. A page has events, or says at least that nothing up to [`FeedPage::through`] matches, which is further than before.
    ///
    /// Dropping the future loses nothing: the next call delivers the same page.
    ///
    /// # Errors
    /// When the store cannot be read; the feed stays where it is, and the next call tries again: pause before it. [`StoreError::Closed`] once the application or
    /// the store is closed, also while this waits.
    pub async fn next(&mut self) -> Result<FeedPage, StoreError> {
        loop {
            if *self.closed.borrow() {
                return Err(StoreError::Closed);
            }
            if self.at_head {
                self.wait().await;
                // From here on the wake-up is spent: whoever drops this future must find that there is something to read.
                self.at_head = false;
                continue;
            }
            if let Some(read) = self.read {
                tokio::time::sleep_until(read + PACE).await;
            }
            let span = tracing::debug_span!("kenning.feed", after = self.query.after.get());
            let page = self.store.read_feed(self.query.clone()).instrument(span).await?;
            let advanced = !page.events.is_empty() || page.through > self.query.after;
            self.at_head = page.is_at_head() || !advanced;
            // Behind the head there is no pace to keep.
            self.read = self.at_head.then(Instant::now);
            if advanced {
                self.query.after = page.through;
                self.events.increment(page.events.len() as u64);
                return Ok(page);
            }
        }
    }

    /// Waits for a wake-up, for the closing of the application, or for the time to look by itself.
    async fn wait(&mut self) {
        let poll = self.poll.mul_f64(1.0 - fastrand::f64() / 4.0);
        let poll = self.wakeup.poll_interval(poll);
        let woken = pin!(self.wakeup.wait(poll));
        let closed = pin!(async {
            if self.closed.wait_for(|closed| *closed).await.is_err() {
                // The application is gone without having been closed: its store goes on, and so does this feed.
                std::future::pending::<()>().await;
            }
        });
        select(woken, closed).await;
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("query", &self.query).field("poll", &self.poll).finish_non_exhaustive()
    }
}
