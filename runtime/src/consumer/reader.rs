//! How one partition reads the feed: with its consumer's other partitions while it is far behind, with everybody near the head.

use std::sync::Arc;

use super::page::Page;
use super::window::{Next, Window};
use crate::number::Position;
use crate::store::StoreError;

/// Reads the feed for one partition.
pub(super) struct Reader {
    /// Everybody's, near the head.
    tail: Arc<Window>,
    /// The consumer's own, with its events alone.
    own: Arc<Window>,
    /// Where it reads.
    there: Option<There>,
    /// Up to here the feed had been read to its end.
    head: Option<Position>,
    /// The last position that was reported as the head.
    reported: Option<Position>,
}

/// What comes next in the feed.
pub(super) enum Ahead {
    /// A page with events after the position, or one that passes over unwanted ones.
    Page(Arc<Page>),
    /// The feed has no more for now. Reported once for a position; the next call waits.
    Head,
}

#[derive(Clone, Copy, PartialEq)]
enum There {
    Near,
    Behind,
}

impl Reader {
    pub(super) fn new(tail: Arc<Window>, own: Arc<Window>) -> Self {
        Self { tail, own, there: None, head: None, reported: None }
    }

    /// What comes after a position. Waits at the head once that was reported: a worker that began at
    /// the head gets no page before the next event, and must know all the same. Dropping the future
    /// loses nothing.
    pub(super) async fn next(&mut self, after: Position) -> Result<Ahead, Arc<StoreError>> {
        loop {
            if self.tail.has(after) || self.head.is_some_and(|head| head <= after) {
                self.go(There::Near);
                match self.tail.next(after, self.reported == Some(after)).await? {
                    Next::Page(page) => return Ok(self.read(page)),
                    Next::Before => self.head = None,
                    Next::Nothing => {
                        (self.head, self.reported) = (Some(after), Some(after));
                        return Ok(Ahead::Head);
                    }
                }
                continue;
            }
            self.go(There::Behind);
            match self.own.next(after, true).await? {
                Next::Page(page) => return Ok(self.read(page)),
                Next::Nothing => self.head = Some(after),
                Next::Before => {
                    let page = Arc::new(self.own.read_alone(after).await?);
                    if page.through > after {
                        return Ok(self.read(page));
                    }
                    self.head = Some(after);
                }
            }
        }
    }

    fn read(&mut self, page: Arc<Page>) -> Ahead {
        self.head = page.is_at_head().then_some(page.through);
        Ahead::Page(page)
    }

    fn go(&mut self, there: There) {
        if self.there != Some(there) {
            self.window(there).enter();
            self.leave();
            self.there = Some(there);
        }
    }

    fn leave(&mut self) {
        if let Some(there) = self.there.take() {
            self.window(there).leave();
        }
    }

    fn window(&self, there: There) -> &Window {
        match there {
            There::Near => &self.tail,
            There::Behind => &self.own,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.leave();
    }
}
