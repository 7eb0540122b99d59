//! The memory store: the whole contract in one process; nothing survives it.

mod batch;
mod claim;
mod consumer_store;
mod consumers;
mod leases;
mod log;
mod opening;
mod parked;
#[cfg(feature = "testing")]
mod probe;
mod reads;
mod saga_store;
mod sagas;
mod select;
mod tables;
#[cfg(test)]
mod tests;
mod transaction;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use self::claim::{Claim, Key};
use self::log::Log;
#[cfg(feature = "testing")]
pub(crate) use self::probe::{HandedOver, WriteProbe, Writing};
pub use self::transaction::MemoryTransaction;
use super::{
    Append, AppendError, Appended, BoxFuture, BoxStream, CommandRecord, Direction, EventStore, EventType,
    FeedPage, FeedQuery, Health, RehydrateError, Snapshot, StoreError, StreamQuery, Visit, Wakeup,
    WakeupSource,
};
use crate::clock::Clock;
use crate::number::Version;
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

/// How many events of a stream are taken at a time, so that the log is never locked for long.
const CHUNK: usize = 256;

/// Keeps everything in memory. It passes the same contract suite as PostgreSQL: positions are drawn, a rollback leaves a hole, an open
/// transaction locks its streams and holds the feed back.
///
/// Clones share one store. Nothing bounds how much it keeps: it is meant for tests, examples and work that fits.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    #[cfg(feature = "testing")]
    probe: Option<Arc<dyn WriteProbe>>,
}

struct Shared {
    // Never held over an await, and no code of the user runs under it.
    log: Mutex<Log>,
    clock: Clock,
    wakeup: WakeupSource,
    /// An instance of a saga may have become due.
    due: WakeupSource,
    idle: Notify,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryStore {
    /// An empty store that goes by the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// An empty store that goes by another clock.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        // What is due by time is told by nobody: who waits for it sets a bound.
        let (wakeup, due) = (WakeupSource::exact(), WakeupSource::exact());
        let shared = Arc::new(Shared { log: Mutex::default(), clock, wakeup, due, idle: Notify::new() });
        Self {
            shared,
            #[cfg(feature = "testing")]
            probe: None,
        }
    }

    async fn append_when_free(&self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        let owner = {
            let mut log = self.shared.log();
            log.available()?;
            if !log.claims.concern(&append) {
                return self.write(log, append);
            }
            log.claims.owner()
        };
        let mut claims = Vec::new();
        Claim::all(&self.shared, owner, Key::of(&append), &mut claims).await?;
        self.write(self.shared.log(), append)
    }

    fn write(&self, mut log: MutexGuard<'_, Log>, append: Append) -> Result<Appended, AppendError> {
        let (appended, command) = log.lay(append, self.shared.clock.now(), Log::version)?;
        log.publish(&appended);
        if let Some(command) = command {
            log.remember(command);
        }
        drop(log);
        if appended.streams.iter().any(|stream| !stream.positions.is_empty()) {
            self.shared.wakeup.wake();
        }
        Ok(appended)
    }

    fn version(&self, stream: &StreamName) -> Result<Version, StoreError> {
        Ok(self.shared.log().available()?.version(stream))
    }

    /// The next events of a stream, oldest first, after a version.
    fn chunk(
        &self,
        stream: &StreamName,
        after: Version,
        most: usize,
    ) -> Result<Vec<Arc<RecordedEvent>>, StoreError> {
        let mut log = self.shared.log();
        let events = log.available()?.stream(stream);
        let skipped = usize::try_from(after.get()).unwrap_or(usize::MAX);
        Ok(events.iter().skip(skipped).take(most).cloned().collect())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("drawn", &self.shared.log().drawn()).finish_non_exhaustive()
    }
}

impl EventStore for MemoryStore {
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.shared.log().available().map(|_| ()) })
    }

    fn register_events<'a>(&'a self, events: &'a [EventType]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.consumers.register_events(events);
            Ok(())
        })
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        #[cfg(feature = "testing")]
        if self.probe.is_some() {
            return Box::pin(async move {
                self.before(Writing::Append(&append)).await;
                let appended = self.append_when_free(append.clone()).await;
                self.after(Writing::Append(&append)).await;
                appended
            });
        }
        Box::pin(self.append_when_free(append))
    }

    fn read_stream(&self, query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>> {
        Box::pin(async_stream::try_stream! {
            let mut left = query.limit.unwrap_or(u64::MAX);
            let end = self.version(&query.stream)?.get();
            // The versions still to be read are those after `low`, up to `high`.
            let (mut low, mut high) = match (query.direction, query.from) {
                (Direction::Forwards, from) => (from.map_or(0, |from| from.get().saturating_sub(1)), end),
                (Direction::Backwards, from) => (0, from.map_or(end, |from| from.get().min(end))),
            };
            while left > 0 && low < high {
                let most = left.min(high - low).min(CHUNK as u64);
                let after = if query.direction == Direction::Forwards { low } else { high - most };
                let mut events = self.chunk(&query.stream, Version::new(after), most as usize)?;
                match query.direction {
                    Direction::Forwards => low += most,
                    Direction::Backwards => {
                        high -= most;
                        events.reverse();
                    }
                }
                left -= most;
                for event in events {
                    yield RecordedEvent::clone(&event);
                }
            }
        })
    }

    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>> {
        Box::pin(async move {
            let mut reached = after;
            loop {
                let events = self.chunk(stream, reached, CHUNK)?;
                for event in &events {
                    let version = event.metadata.version;
                    visit(event.raw()).map_err(|source| RehydrateError::Decode {
                        stream: stream.clone(),
                        version,
                        source,
                    })?;
                    reached = version;
                }
                if events.len() < CHUNK {
                    return Ok(reached);
                }
            }
        })
    }

    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>> {
        Box::pin(async move {
            #[cfg(feature = "testing")]
            self.running().await;
            Ok(self.shared.log().available()?.page(&query))
        })
    }

    fn wakeup(&self) -> Wakeup {
        self.shared.wakeup.listen()
    }

    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.command(command_id)) })
    }

    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        let age = time::Duration::try_from(older_than).ok();
        let before = age.and_then(|age| self.shared.clock.now().checked_sub(age));
        Box::pin(async move {
            let mut log = self.shared.log();
            let log = log.available()?;
            // Older than every date: nothing is.
            Ok(before.map_or(0, |before| log.forget(before, limit)))
        })
    }

    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(async move { Ok(self.shared.log().available()?.snapshot(stream, fingerprint)) })
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.shared.log().available()?.keep(snapshot);
            Ok(())
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>> {
        Box::pin(async { Ok(self.shared.log().available()?.health()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.shared.log().closed = true;
            // A reader that waits for news is told at once.
            self.shared.wakeup.wake();
            loop {
                let idle = self.shared.idle.notified();
                tokio::pin!(idle);
                idle.as_mut().enable();
                if self.shared.log().claims.is_empty() {
                    return;
                }
                idle.await;
            }
        })
    }
}
