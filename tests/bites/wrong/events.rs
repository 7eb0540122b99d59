//! The event store, with its faults.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use kenning::limits::MAX_PAGE;
use kenning::store::{
    Append, AppendError, Appended, BoxFuture, BoxStream, CommandRecord, Direction, EventStore, FeedPage,
    FeedQuery, Health, RehydrateError, Snapshot, StoreError, StreamQuery, Visit, Wakeup,
};
use kenning::{Position, RecordedEvent, StreamName, Version};
use uuid::Uuid;

use super::{Wrong, unavailable};
use crate::bites::fault::Fault;

/// The stream that a wrong store takes for this one.
pub(super) fn renamed(fault: Fault, stream: &StreamName) -> StreamName {
    let id = match fault {
        Fault::TrimsStreamIds => stream.id().trim().to_owned(),
        Fault::FoldsCase => stream.id().to_lowercase(),
        _ => return stream.clone(),
    };
    StreamName::new(stream.category(), &id).unwrap_or_else(|_| stream.clone())
}

/// Counts a reader that stops before the end.
struct Counted<'a> {
    events: BoxStream<'a, Result<RecordedEvent, StoreError>>,
    store: &'a Wrong,
    ended: bool,
}

impl Stream for Counted<'_> {
    type Item = Result<RecordedEvent, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.events.as_mut().poll_next(context);
        self.ended |= matches!(next, Poll::Ready(None));
        next
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.store.next();
        }
    }
}

impl Wrong {
    fn key(&self, stream: &StreamName, fingerprint: u64) -> String {
        if self.is(Fault::SharesSnapshots) { stream.to_string() } else { format!("{stream} {fingerprint}") }
    }

    fn keeps_snapshots(&self) -> bool {
        matches!(
            self.fault,
            Fault::KeepsTheLastSnapshotSaved
                | Fault::SharesSnapshots
                | Fault::KeepsTheFirstSnapshotSaved
                | Fault::KeepsEverySnapshot
        )
    }

    async fn feed(&self, mut query: FeedQuery) -> Result<FeedPage, StoreError> {
        let (after, limit) = (query.after, query.limit);
        let categories = query.categories.clone();
        if self.is(Fault::FiltersByPrefix) {
            query.categories = None;
        }
        if self.is(Fault::IdleTransactionsHoldTheFeed) && self.is_broken() {
            return Ok(FeedPage { events: Vec::new(), through: after, watermark: after });
        }
        let mut page = self.store.read_feed(query.clone()).await?;
        match self.fault {
            Fault::ReversesPages => page.events.reverse(),
            Fault::OrdersByEventId => page.events.sort_by_key(|event| event.metadata.id),
            Fault::FiltersByPrefix => {
                if let Some(wanted) = categories {
                    let is_wanted = |event: &RecordedEvent| {
                        wanted.iter().any(|one| event.metadata.stream.as_str().starts_with(one.as_str()))
                    };
                    page.events.retain(is_wanted);
                }
            }
            Fault::EndsAtTheLastDelivered => {
                page.through = page.events.last().map_or(after, |event| event.metadata.position);
            }
            // Passed over when several have come at once, as a reader without a watermark does.
            Fault::SkipsAnEvent if page.events.len() > 1 && self.next() % 3 == 2 => {
                page.events.remove(0);
            }
            Fault::WakesBeforeItWrites => {
                page.events.pop();
            }
            Fault::PagesWithoutBound => {
                while limit > MAX_PAGE && !page.is_at_head() {
                    query.after = page.through;
                    let more = self.store.read_feed(query.clone()).await?;
                    page.events.extend(more.events);
                    page.through = more.through;
                    page.watermark = more.watermark;
                }
            }
            _ => {}
        }
        Ok(page)
    }
}

impl EventStore for Wrong {
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.is(Fault::PreparesOnce) && self.next() > 0 {
                return Err(StoreError::Unsuitable("it exists".to_owned()));
            }
            self.store.prepare().await
        })
    }

    fn register_events<'a>(
        &'a self,
        events: &'a [kenning::store::EventType],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.register_events(events)
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append_wrongly(append))
    }

    fn read_stream(&self, mut query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>> {
        query.stream = renamed(self.fault, &query.stream);
        match self.fault {
            Fault::IgnoresLimitsBackwards if query.direction == Direction::Backwards => query.limit = None,
            Fault::ReadsOneChunk => query.limit = Some(query.limit.unwrap_or(u64::MAX).min(256)),
            _ => {}
        }
        let events = self.store.read_stream(query);
        if !self.is(Fault::LosesAConnectionPerReader) {
            return events;
        }
        if self.count.load(Ordering::SeqCst) > 50 {
            return Box::pin(futures_util::stream::once(async { Err(unavailable()) }));
        }
        Box::pin(Counted { events, store: self, ended: false })
    }

    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>> {
        Box::pin(async move {
            match self.fault {
                Fault::ReplaysTheVersionItself => {
                    let before = Version::new(after.get().saturating_sub(1));
                    self.store.rehydrate(stream, before, visit).await
                }
                Fault::MixesReplays if self.next() % 20 == 19 => {
                    self.store.rehydrate(stream, Version::new(after.get() + 1), visit).await
                }
                Fault::SkipsUndecodableEvents => {
                    let mut skip = |event: kenning::RawEvent<'_>| {
                        let _skipped = visit(event);
                        Ok(())
                    };
                    self.store.rehydrate(stream, after, &mut skip).await
                }
                _ => self.store.rehydrate(stream, after, visit).await,
            }
        })
    }

    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>> {
        Box::pin(self.feed(query))
    }

    fn wakeup(&self) -> Wakeup {
        self.store.wakeup()
    }

    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>> {
        Box::pin(async move {
            let mut found = self.store.find_command(command_id).await?;
            if self.is(Fault::ForgetsPositionsOfCommands)
                && let Some(record) = &mut found
            {
                record.position = None;
            }
            Ok(found)
        })
    }

    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        let older_than = if self.is(Fault::ForgetsYoungerCommands) { Duration::ZERO } else { older_than };
        self.store.forget_commands(older_than, limit)
    }

    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        if !self.keeps_snapshots() {
            return self.store.load_snapshot(stream, fingerprint);
        }
        let kept =
            self.snapshots.lock().ok().and_then(|all| all.get(&self.key(stream, fingerprint)).cloned());
        Box::pin(async move { Ok(kept) })
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        if !self.keeps_snapshots() {
            return self.store.save_snapshot(snapshot);
        }
        let key = self.key(&snapshot.stream, snapshot.fingerprint);
        if let Ok(mut all) = self.snapshots.lock()
            && !(self.is(Fault::KeepsTheFirstSnapshotSaved) && all.contains_key(&key))
        {
            all.insert(key, snapshot);
        }
        Box::pin(async { Ok(()) })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>> {
        Box::pin(async move {
            let mut health = self.store.health().await?;
            match self.fault {
                Fault::CountsOnePositionTooMany => health.drawn = health.drawn.plus(1),
                Fault::LosersDrawPositions => {
                    health.drawn = Position::new(health.drawn.get() + self.count.load(Ordering::SeqCst));
                }
                Fault::HidesTheHolder => {
                    health.lag = std::time::Duration::ZERO;
                    health.holder = None;
                }
                _ => {}
            }
            Ok(health)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        if self.is(Fault::AnswersAfterTheClose) {
            return Box::pin(async {});
        }
        self.store.close()
    }
}
