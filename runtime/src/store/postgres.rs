//! The PostgreSQL store.

mod aside;
mod barrier;
mod begin;
mod call;
mod committer;
mod connection;
mod consumers;
mod core;
mod encode;
mod error;
mod feed;
mod ledger;
mod loader;
mod losses;
mod migrate;
mod notifier;
mod options;
mod queue;
mod read;
mod realign;
mod recovery;
mod refused;
mod row;
mod sagas;
mod select;
mod server;
mod snapshots;
mod sql;
mod suitable;
mod transaction;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::runtime::Handle;
use tokio::sync::watch;
use uuid::Uuid;

use self::barrier::Barrier;
use self::core::Core;
pub(crate) use self::error::{is_database_collision, is_database_trouble, is_database_unfit};
use self::loader::Loader;
use self::losses::Losses;
use self::notifier::OwnNotifier;
pub use self::options::PostgresOptions;
use self::queue::Queue;
use self::server::Server;
use self::sql::Schema;
use super::{
    Append, AppendError, Appended, BoxFuture, BoxStream, CommandRecord, EventStore, EventType, FeedPage,
    FeedQuery, Health, RehydrateError, Snapshot, StoreError, StreamQuery, Timeline, Visit, Wakeup,
};
use crate::number::Version;
use crate::recorded::RecordedEvent;
use crate::stream::StreamName;

#[doc = include_str!("../docs/postgres_server.md")]
#[derive(Clone, Debug)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    core: Arc<Core>,
    queue: Arc<Queue>,
    loader: Arc<Loader>,
    own_notifier: OwnNotifier,
    listening: AtomicBool,
    stop: watch::Sender<bool>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
        self.stop.send_replace(true);
    }
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL, with the defaults of [`options`](Self::options). Call it inside a tokio runtime, which the store's tasks then
    /// live in.
    ///
    /// # Errors
    /// [`StoreError::Unsuitable`] for a URL that cannot be; [`StoreError::Unavailable`] when the server does not answer.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::options().connect(url).await
    }

    /// The defaults, to be changed and connected.
    ///
    /// There is no way to hand in a pool of one's own: what became of an append is found out by the server process that ran it, and who that was only
    /// the one who opened the connection knows.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    fn start(
        options: PostgresOptions,
        schema: Schema,
        connect: PgConnectOptions,
        pools: (PgPool, PgPool),
        losses: Arc<Losses>,
        server: Arc<Server>,
    ) -> Self {
        let queue = Arc::new(Queue::new(&options));
        let (barrier, asked) = Barrier::new();
        let committer = barrier::Committer {
            server: Arc::clone(&server),
            connect: connect.clone(),
            acquire_timeout: options.acquire_timeout,
            connection: None,
            stuck: None,
        };
        tokio::spawn(committer.run(asked));
        let core = Arc::new(Core::new(options, schema, connect, pools, losses, server, barrier));
        let own_notifier = OwnNotifier::default();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(committer::supervise(Arc::clone(&core), Arc::clone(&queue)));
        tokio::spawn({
            let (core, own) = (Arc::clone(&core), Arc::clone(&own_notifier));
            notifier::supervise("notifier", stopped, move || {
                notifier::notify(Arc::clone(&core), Arc::clone(&own))
            })
        });
        let (loader, listening) = (Arc::default(), AtomicBool::new(false));
        Self { inner: Arc::new(Inner { core, queue, loader, own_notifier, listening, stop }) }
    }

    /// The pool that reads and the caller's own transactions share. Its sessions have the timeouts of the options.
    ///
    /// Begin transactions with [`begin`](crate::store::TransactionalStore::begin). If the future of sqlx's own
    /// `pool().begin()` is dropped before it is done, as by a timeout, the connection returns to the pool within a
    /// transaction, and what its next user writes is not committed.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.inner.core.pool
    }

    /// The schema of the store's tables.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.inner.core.schema.name()
    }

    /// Wakes the readers of the feed, here and soon in other processes: for the commit of a transaction that [`append_in`](Self::append_in) joined.
    pub fn wake(&self) {
        self.inner.core.wake();
    }

    fn core(&self) -> &Core {
        &self.inner.core
    }

    fn open(&self) -> Result<&Core, StoreError> {
        if self.inner.queue.is_closed() { Err(StoreError::Closed) } else { Ok(&self.inner.core) }
    }

    /// Listens from the first reader on: a process that only writes keeps no connection for it.
    fn listen(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.inner.listening.swap(true, Ordering::AcqRel) {
            let (core, own) = (Arc::clone(&self.inner.core), Arc::clone(&self.inner.own_notifier));
            let stopped = self.inner.stop.subscribe();
            runtime.spawn(notifier::supervise("listener", stopped, move || {
                notifier::listen(Arc::clone(&core), Arc::clone(&own))
            }));
        }
    }
}

impl EventStore for PostgresStore {
    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { migrate::prepare(self.open()?).await })
    }

    fn timeline(&self) -> Timeline {
        self.inner.core.timeline()
    }

    fn confirm(&self, timeline: Timeline) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let core = self.open()?;
            if !core.server.is_replicated() {
                return Ok(());
            }
            core.confirm(timeline).await.map_err(|error| error.unreachable())
        })
    }

    fn append_on(&self, timeline: Timeline, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            append.check()?;
            self.inner.queue.append(append, Some(timeline)).await
        })
    }

    fn register_events<'a>(&'a self, events: &'a [EventType]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { consumers::reads::register_events(self.open()?, events).await })
    }

    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            append.check()?;
            self.inner.queue.append(append, None).await
        })
    }

    fn read_stream(&self, query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>> {
        read::read(&self.inner.core, query)
    }

    fn rehydrate<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        visit: &'a mut Visit<'_>,
    ) -> BoxFuture<'a, Result<Version, RehydrateError>> {
        Box::pin(self.inner.loader.rehydrate(&self.inner.core, stream, after, visit))
    }

    fn read_feed(&self, query: FeedQuery) -> BoxFuture<'_, Result<FeedPage, StoreError>> {
        Box::pin(feed::read(&self.inner.core, query))
    }

    fn wakeup(&self) -> Wakeup {
        self.listen();
        self.inner.core.wakeup.listen()
    }

    fn find_command(&self, command_id: Uuid) -> BoxFuture<'_, Result<Option<CommandRecord>, StoreError>> {
        let core = &self.inner.core;
        Box::pin(ledger::find_durable(core, command_id))
    }

    fn forget_commands(&self, older_than: Duration, limit: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(ledger::forget(&self.inner.core, older_than, limit))
    }

    fn load_snapshot<'a>(
        &'a self,
        stream: &'a StreamName,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, StoreError>> {
        Box::pin(snapshots::load(&self.inner.core, stream, fingerprint))
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(snapshots::save(&self.inner.core, None, snapshot))
    }

    fn save_snapshot_on(
        &self,
        timeline: Timeline,
        snapshot: Snapshot,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(snapshots::save(&self.inner.core, Some(timeline), snapshot))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, StoreError>> {
        Box::pin(feed::health(&self.inner.core))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.inner.queue.close();
            self.inner.queue.drained().await;
            self.inner.stop.send_replace(true);
            self.inner.core.pool.close().await;
            self.inner.core.leases.close().await;
        })
    }
}
