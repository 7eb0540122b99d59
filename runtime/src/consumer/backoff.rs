//! Pauses after failures: exponential, with full jitter.

use std::time::Duration;

/// How long to wait after so many failures in a row: by chance between nothing and `first` doubled with each, up to `longest`.
pub(super) fn pause((first, longest): (Duration, Duration), failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(doubled).min(longest).mul_f64(fastrand::f64())
}
