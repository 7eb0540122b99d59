//! What all parts of a store share.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, Semaphore};

use super::barrier::Barrier;
use super::connection::Connection;
use super::error::SharedError;
use super::losses::Losses;
use super::options::PostgresOptions;
use super::sagas::LostClaims;
use super::server::Server;
use super::sql::{Schema, Sql};
use crate::number::Position;
use crate::store::{Timeline, WakeupSource};

/// How many appends that wait for another session's lock have a connection of their own.
const BLOCKED_APPENDS: usize = 8;

/// How long the server is tried for the reason why there is no connection.
const PROBE: Duration = Duration::from_secs(2);

pub(super) struct Core {
    pub(super) options: PostgresOptions,
    pub(super) schema: Schema,
    pub(super) sql: Arc<Sql>,
    pub(super) server: Arc<Server>,
    pub(super) connect: PgConnectOptions,
    pub(super) pool: PgPool,
    /// For leases alone: of consumers, and of the workers of sagas.
    pub(super) leases: PgPool,
    pub(super) wakeup: WakeupSource,
    /// Rung after a commit, for the notifier.
    pub(super) committed: Notify,
    pub(super) blocked: Semaphore,
    pub(super) losses: Arc<Losses>,
    pub(super) lost_claims: LostClaims,
    barrier: Barrier,
    watermark: Mutex<(Timeline, Position)>,
}

/// Without the options of its connections, which have the password.
impl fmt::Debug for Core {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Core");
        shown.field("server", &self.server.address()).field("schema", &self.schema.name());
        shown.field("options", &self.options).finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn new(
        options: PostgresOptions,
        schema: Schema,
        connect: PgConnectOptions,
        (pool, leases): (PgPool, PgPool),
        losses: Arc<Losses>,
        server: Arc<Server>,
        barrier: Barrier,
    ) -> Self {
        Self {
            options,
            sql: server.sql(),
            server,
            schema,
            connect,
            pool,
            leases,
            wakeup: WakeupSource::new(),
            committed: Notify::new(),
            blocked: Semaphore::new(BLOCKED_APPENDS),
            losses,
            lost_claims: LostClaims::default(),
            barrier,
            watermark: Mutex::default(),
        }
    }

    /// Wakes the readers of this process, and soon those of others.
    pub(super) fn wake(&self) {
        self.wakeup.wake();
        self.committed.notify_one();
    }

    /// The timeline that is read now. Take it before the read whose result it marks.
    pub(super) fn timeline(&self) -> Timeline {
        self.server.timeline()
    }

    /// A watermark that was true once on this timeline, and therefore is.
    pub(super) fn watermark(&self, timeline: Timeline) -> Position {
        let (of, watermark) = *self.watermark.lock().unwrap_or_else(PoisonError::into_inner);
        if of == timeline { watermark } else { Position::ZERO }
    }

    pub(super) fn raise_watermark(&self, timeline: Timeline, to: Position) {
        let mut known = self.watermark.lock().unwrap_or_else(PoisonError::into_inner);
        if timeline != self.timeline() {
            return;
        }
        *known = if known.0 == timeline { (timeline, known.1.max(to)) } else { (timeline, to) };
    }

    /// Waits until what was read on a timeline is on its synchronous standbys, before it becomes an answer.
    pub(super) async fn confirm(&self, timeline: Timeline) -> Result<(), SharedError> {
        self.confirm_within(timeline, self.options.acquire_timeout).await
    }

    pub(super) async fn confirm_within(
        &self,
        timeline: Timeline,
        at_most: Duration,
    ) -> Result<(), SharedError> {
        self.barrier.pass(&self.server, timeline, at_most).await
    }

    /// Why the pool has no connection: the server cannot be reached, or all connections are in use.
    ///
    /// The pool tries to connect until its time is over, and keeps the reason to itself.
    pub(super) async fn why_no_connection(&self, error: sqlx::Error) -> sqlx::Error {
        match Connection::open(&self.server, &self.connect, PROBE).await {
            Ok(_) => error,
            Err(why) => why,
        }
    }
}

/// Between two attempts: doubling from 5 ms up to a second, and anything from half of that to all of it.
pub(super) fn pause(attempt: u32) -> Duration {
    let most = 5_u64.saturating_mul(1 << attempt.min(8)).min(1_000);
    Duration::from_micros(fastrand::u64(most * 500..=most * 1_000))
}
