//! The one clock of an application.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use tokio::time::Instant;

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
        Self { now: Arc::new(system) }
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

/// What `truncate(OffsetDateTime::now_utc())` gives, at a third of its price: every command and every append asks.
fn system() -> OffsetDateTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    now.and_then(|now| {
        let seconds = i64::try_from(now.as_secs()).ok()?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()?.replace_microsecond(now.subsec_micros()).ok()
    })
    .unwrap_or_else(|| truncate(OffsetDateTime::now_utc()))
}

/// A time that never comes.
const FAR: Duration = Duration::from_secs(30 * 366 * 24 * 60 * 60);

/// The moment `duration` after another. One too far away to be told is 30 years away.
pub(crate) fn after(moment: Instant, duration: Duration) -> Instant {
    moment.checked_add(duration).unwrap_or_else(|| moment + FAR)
}

fn truncate(time: OffsetDateTime) -> OffsetDateTime {
    time.truncate_to_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_duration_is_too_long() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(1)), now + Duration::from_secs(1));
        assert_eq!(after(now, Duration::MAX), now + FAR);
    }

    #[test]
    fn the_systems_clock_is_the_systems_to_the_microsecond() {
        let before = truncate(OffsetDateTime::now_utc());
        let now = Clock::system().now();
        assert!((before..=OffsetDateTime::now_utc()).contains(&now), "{now}");
        assert_eq!(now, truncate(now));
    }
}
