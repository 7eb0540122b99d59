//! Sagas on both stores: whatever fails, dies, comes too early or too late, an instance ends completed, compensated or parked with a reason.

mod attempts;
mod broken;
mod check;
mod crash;
mod ends;
mod fair;
mod faults;
mod late;
mod lot;
mod metrics;
mod missing;
mod operate;
mod order;
mod outside;
mod rows;
mod sends;
mod storm;
mod times;
mod upgrade;
mod waits;
mod ways_out;
mod world;

use std::time::Duration;

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(150);

/// Waits for what has to happen; a test that hangs says what for.
async fn in_time<F: IntoFuture>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(HANG, future).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}
