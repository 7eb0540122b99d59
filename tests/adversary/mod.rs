//! Attacks on the promises. Each test tries to make a promise false and checks, past the library, that it did not become so.

mod cancel;
mod checker;
mod commit;
mod corrupt;
mod crash;
mod feed;
mod feed_postgres;
mod ledger;
mod memory;
pub(crate) mod postgres;
mod reader;
mod restart;
mod storm;
mod writers;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use kenning::store::{EventStore, StreamQuery};
use kenning::{ApplyTo, Kenning, StreamName};
use kenning_tests::storm::{Tally, TallyEvent};

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(150);

/// How long the long storm rages: `KENNING_STORM_SECONDS`, 20 if nothing is said.
pub(crate) fn storm_time() -> Duration {
    let seconds = std::env::var("KENNING_STORM_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(20))
}

/// Waits for what has to happen; a test that hangs says what for.
pub(crate) async fn in_time<F: IntoFuture>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(HANG, future).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    in_time(what, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

fn stream_of(tally: u32) -> StreamName {
    StreamName::new("tally", &tally.to_string()).expect("a number names a stream")
}

/// The state of an aggregate that nothing but its events has made.
async fn replayed(store: &dyn EventStore, tally: u32) -> Tally {
    let rows = store.read_stream(StreamQuery::forwards(stream_of(tally)));
    let events: Vec<_> = rows.try_collect().await.expect("a stream can be read");
    let mut state = Tally::default();
    for event in events {
        event.decode::<TallyEvent>().expect("an event of a tally").event().apply_to(&mut state);
    }
    state
}

/// What the application has (snapshots and all) is what the events say.
pub(crate) async fn states_equal_replays(app: &Kenning, store: &Arc<dyn EventStore>, tallies: u32) {
    for tally in 0..tallies {
        let loaded = app.load::<Tally>(tally).await.expect("an aggregate can be loaded");
        assert_eq!(loaded.into_state(), replayed(&**store, tally).await, "the state of tally {tally}");
    }
}
