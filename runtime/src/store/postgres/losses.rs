//! Pooled connections after one of them was lost: when the server has gone, it has mostly ended all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::PgPoolOptions;
use tokio::time::Instant;

use super::core::Core;
use super::error::{Failure, read_error};
use super::server::Server;
use crate::store::StoreError;

/// How often a read is made that finds its connection dead.
const ATTEMPTS: u32 = 4;

/// When a connection was last found dead.
#[derive(Debug)]
pub(super) struct Losses {
    since: Instant,
    /// In microseconds after `since`; 0: never.
    last: AtomicU64,
    /// When the server was last found changed, likewise.
    changed: AtomicU64,
}

/// A connection that was opened so shortly after a change may have been opened before it was seen.
const OVERLAP: Duration = Duration::from_millis(50);

impl Losses {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), last: AtomicU64::new(0), changed: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn note(&self) {
        // A connection may be given back to its pool a little later.
        let overlap = u64::try_from(OVERLAP.as_micros()).unwrap_or(0);
        self.last.fetch_max(self.now().saturating_add(overlap), Ordering::AcqRel);
    }

    /// The server has changed: connections that were opened before lead to another one.
    pub(super) fn note_change(&self) {
        self.changed.fetch_max(self.now().max(1), Ordering::AcqRel);
        self.note();
    }

    fn precedes_change(&self, age: Duration) -> bool {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        match self.changed.load(Ordering::Acquire) {
            0 => false,
            changed => self.now().saturating_sub(micros(age)) <= changed.saturating_add(micros(OVERLAP)),
        }
    }

    /// Whether a connection that was not used for that long may have been lost with it.
    fn concern(&self, idle: Duration) -> bool {
        let used = self.now().saturating_sub(u64::try_from(idle.as_micros()).unwrap_or(u64::MAX));
        match self.last.load(Ordering::Acquire) {
            0 => false,
            last => used <= last,
        }
    }
}

/// A ping for each acquire costs 13 % of a lone command: only connections that were idle when another one was found
/// dead are tested. Connections that were opened before the server changed are closed.
pub(super) fn tested_after_losses(
    pool: PgPoolOptions,
    losses: &Arc<Losses>,
    server: &Arc<Server>,
) -> PgPoolOptions {
    let (losses, server) = (Arc::clone(losses), Arc::clone(server));
    pool.test_before_acquire(false).before_acquire(move |connection, used| {
        let (losses, server) = (Arc::clone(&losses), Arc::clone(&server));
        Box::pin(async move {
            if losses.precedes_change(used.age) {
                return Ok(false);
            }
            Ok(!losses.concern(used.idle_for) || server.is_same(connection).await)
        })
    })
}

/// Whether the connection died under a statement.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::Database(_))
        && Failure::of(error) == Failure::Lost
}

/// Whether the connection cannot be used any more: it died, or its server became read-only, and nothing was done.
pub(super) fn is_unusable(error: &Error) -> bool {
    is_lost(error) || Failure::of(error) == Failure::ReadOnly
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
            Err(error) if attempt < ATTEMPTS && is_unusable(&error) => {
                core.losses.note();
                tracing::debug!(attempt, error = %error, "reads again: the connection was dead");
                attempt += 1;
            }
            Err(error @ (Error::PoolTimedOut | Error::Io(_))) => {
                return Err(core.why_no_connection(error).await);
            }
            done => return done,
        }
    }
}
