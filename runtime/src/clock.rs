//! The one clock of an application.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

/// Where an application and its memory store take the time from. Waiting always goes through `tokio::time`, so that a test that pauses
/// tokio's clock pauses everything.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
}

impl Clock {
    /// The system's clock, in UTC, cut to the microseconds that PostgreSQL keeps.
    #[must_use]
    pub fn system() -> Self {
        Self { now: Arc::new(|| truncate(OffsetDateTime::now_utc())) }
    }

    /// A clock that starts at `start` and goes on with tokio's, paused when that is. Make it inside the runtime.
    #[must_use]
    pub fn tokio(start: OffsetDateTime) -> Self {
        let began = tokio::time::Instant::now();
        Self { now: Arc::new(move || truncate(start + began.elapsed())) }
    }

    /// A clock that stands still.
    #[must_use]
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self { now: Arc::new(move || at) }
    }

    /// The time, to the microsecond.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        (self.now)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

fn truncate(time: OffsetDateTime) -> OffsetDateTime {
    time.truncate_to_microsecond()
}
