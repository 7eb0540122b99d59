//! Pooled connections after one of them was lost: when the server has gone, it has mostly ended all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection as _, Error};
use tokio::time::Instant;

use super::core::Core;
use super::error::{Failure, read_error};
use crate::store::StoreError;

/// How often a read is made that finds its connection dead.
const ATTEMPTS: u32 = 4;

/// When a connection was last found dead.
#[derive(Debug)]
pub(super) struct Losses {
    since: Instant,
    /// In microseconds after `since`; 0: never.
    last: AtomicU64,
}

impl Losses {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), last: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn note(&self) {
        self.last.fetch_max(self.now().max(1), Ordering::AcqRel);
    }

    /// Whether a connection that was not used for that long may have been lost with it.
    fn concern(&self, idle: Duration) -> bool {
        let used = self.now().saturating_sub(u64::try_from(idle.as_micros()).unwrap_or(u64::MAX));
        match self.last.load(Ordering::Acquire) {
            0 => false,
            last => used <= last,
        }
    }

    async fn usable(&self, connection: &mut PgConnection, idle: Duration) -> bool {
        !self.concern(idle) || connection.ping().await.is_ok()
    }
}

/// A ping for each acquire costs 13 % of a lone command: only those are tested that were idle when another one was found dead.
pub(super) fn tested_after_losses(pool: PgPoolOptions, losses: &Arc<Losses>) -> PgPoolOptions {
    let losses = Arc::clone(losses);
    pool.test_before_acquire(false).before_acquire(move |connection, used| {
        let losses = Arc::clone(&losses);
        Box::pin(async move { Ok(losses.usable(connection, used.idle_for).await) })
    })
}

/// Whether the connection died under a statement.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::Database(_))
        && Failure::of(error) == Failure::Lost
}

/// Reads, and once more when the connection turns out to be dead: nothing is done twice by that.
pub(super) async fn read<T, F>(core: &Core, query: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Error>>,
{
    read_raw(core, query).await.map_err(read_error)
}

/// As [`read`], for who has an answer of its own to the database's errors.
pub(super) async fn read_raw<T, F>(core: &Core, mut query: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut attempt = 1;
    loop {
        match query().await {
            Err(error) if attempt < ATTEMPTS && is_lost(&error) => {
                core.losses.note();
                tracing::debug!(attempt, error = %error, "reads again: the connection was dead");
                attempt += 1;
            }
            done => return done,
        }
    }
}
