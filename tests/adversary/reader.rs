//! Readers of the feed that write down what they were given.

use std::sync::Arc;
use std::time::Duration;

use kenning::Position;
use kenning::store::{EventStore, FeedPage, FeedQuery, StoreError};
use kenning_tests::storm::Delivered;
use tokio::sync::watch;

/// How a reader reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Its name in what the checker says.
    pub(crate) name: &'static str,
    /// How many events a page has at the most.
    pub(crate) page: usize,
    /// The only event name that it wants; everything, if `None`.
    pub(crate) only: Option<&'static str>,
    /// Whether it waits for wake-ups between pages, or polls as fast as it can.
    pub(crate) waits: bool,
}

/// Small and large pages, greedy and patient, with a filter and without.
pub(crate) const MANNERS: [Manner; 4] = [
    Manner { name: "the reader of pages of 1", page: 1, only: None, waits: false },
    Manner { name: "the greedy reader", page: 7, only: None, waits: false },
    Manner { name: "the patient reader", page: 500, only: None, waits: true },
    Manner { name: "the reader with a filter", page: 50, only: Some("tally.added"), waits: true },
];

/// Reads until `end` is known and reached, over any failure of the store: a checkpoint is all that a reader has.
pub(crate) async fn follow(
    store: Arc<dyn EventStore>,
    manner: Manner,
    mut end: watch::Receiver<Option<u64>>,
) -> Vec<Delivered> {
    let mut delivered = Vec::new();
    let mut after = Position::ZERO;
    let mut wakeup = store.wakeup();
    loop {
        if end.borrow_and_update().is_some_and(|end| after.get() >= end) {
            return delivered;
        }
        match page(&*store, manner, after).await {
            Ok(page) => {
                assert!(
                    page.through >= after,
                    "{} was sent back from {after} to {}",
                    manner.name,
                    page.through
                );
                let beyond = page.events.iter().find(|event| event.metadata.position > page.through);
                assert_eq!(beyond, None, "{} was given an event beyond {}", manner.name, page.through);
                let events = page.events.iter().map(|event| &event.metadata);
                delivered
                    .extend(events.map(|event| Delivered { position: event.position.get(), id: event.id }));
                after = page.through;
                if manner.waits && page.is_at_head() {
                    wakeup.wait(Duration::from_millis(20)).await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn page(store: &dyn EventStore, manner: Manner, after: Position) -> Result<FeedPage, StoreError> {
    let query = FeedQuery::after(after).limit(manner.page);
    store.read_feed(if let Some(name) = manner.only { query.names([name]) } else { query }).await
}
