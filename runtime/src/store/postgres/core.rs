//! What all parts of a store share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, Semaphore};

use super::losses::Losses;
use super::options::PostgresOptions;
use super::sagas::LostClaims;
use super::sql::{Schema, Sql};
use crate::number::Position;
use crate::store::WakeupSource;

/// How many appends that wait for another session's lock have a connection of their own.
const BLOCKED_APPENDS: usize = 8;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) options: PostgresOptions,
    pub(super) schema: Schema,
    pub(super) sql: Sql,
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
    watermark: AtomicU64,
}

impl Core {
    pub(super) fn new(
        options: PostgresOptions,
        schema: Schema,
        connect: PgConnectOptions,
        (pool, leases): (PgPool, PgPool),
        losses: Arc<Losses>,
    ) -> Self {
        Self {
            options,
            sql: Sql::new(&schema),
            schema,
            connect,
            pool,
            leases,
            wakeup: WakeupSource::new(),
            committed: Notify::new(),
            blocked: Semaphore::new(BLOCKED_APPENDS),
            losses,
            lost_claims: LostClaims::default(),
            watermark: AtomicU64::new(0),
        }
    }

    /// Wakes the readers of this process, and soon those of others.
    pub(super) fn wake(&self) {
        self.wakeup.wake();
        self.committed.notify_one();
    }

    /// A watermark that was true once, and therefore is.
    pub(super) fn watermark(&self) -> Position {
        Position::new(self.watermark.load(Ordering::Acquire))
    }

    pub(super) fn raise_watermark(&self, to: Position) {
        self.watermark.fetch_max(to.get(), Ordering::AcqRel);
    }

    /// After a failover the server may have lost what it had: what was true of the old one is not of the new.
    pub(super) fn forget_watermark(&self) {
        self.watermark.store(0, Ordering::Release);
    }
}

/// Between two attempts: doubling from 5 ms up to a second, and anything from half of that to all of it.
pub(super) fn pause(attempt: u32) -> Duration {
    let most = 5_u64.saturating_mul(1 << attempt.min(8)).min(1_000);
    Duration::from_micros(fastrand::u64(most * 500..=most * 1_000))
}
