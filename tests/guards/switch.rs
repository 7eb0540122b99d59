//! Removes one guard at run time: `tests/guards/run` copies this file into the library that it tests.

use std::panic::UnwindSafe;
use std::sync::OnceLock;

use crate::panics::Panicked;

/// Whether the guard is removed: `KENNING_GUARD` names it, alone or with others.
pub(crate) fn removed(guard: &str) -> bool {
    static REMOVED: OnceLock<String> = OnceLock::new();
    let removed = REMOVED.get_or_init(|| std::env::var("KENNING_GUARD").unwrap_or_default());
    removed.split(',').any(|one| one == guard)
}

/// `panics::caught`, or the call alone.
pub(crate) fn caught<T>(removed: bool, run: impl FnOnce() -> T) -> Result<T, Panicked> {
    if removed { Ok(run()) } else { crate::panics::caught(run) }
}

/// `std::panic::catch_unwind`, or the call alone.
pub(crate) fn catch_unwind<T>(
    removed: bool,
    run: impl FnOnce() -> T + UnwindSafe,
) -> std::thread::Result<T> {
    if removed { Ok(run()) } else { std::panic::catch_unwind(run) }
}

/// `event_set::guarded`, or the call alone.
pub(crate) fn guarded<T>(
    removed: bool,
    event: &crate::event::RawEvent<'_>,
    run: impl FnOnce() -> Result<T, crate::payload::DecodeError>,
) -> Result<T, crate::payload::DecodeError> {
    if removed { run() } else { crate::event_set::guarded(event, run) }
}
