//! How far the consumers of sagas have come: a timeout waits for the events that were there before it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::shared::Shared;
use crate::app::with_sources;
use crate::number::Position;
use crate::recorded::RecordedEvent;
use crate::store::{ConsumerRecord, FeedQuery, ParkedQuery, SagaStore, StoreError};
use crate::telemetry;

const TASK: &str = "saga timeouts";

/// The store is not asked more often than this.
const EVERY: Duration = Duration::from_millis(25);

/// The same while events are parked, which have to be read.
const EVERY_PARKED: Duration = Duration::from_secs(1);

/// No more parked events are looked at.
const MOST_PARKED: u32 = 200;

/// How far the consumers of the sagas have come, as this process knows it.
#[derive(Default)]
pub(super) struct Feed {
    known: Mutex<HashMap<Arc<str>, Known>>,
}

struct Known {
    asked: Instant,
    fed: Fed,
}

/// How far the consumer of a saga has come.
#[derive(Clone, Debug)]
pub(super) struct Fed {
    /// Every event that was recorded before this was handled, or parked.
    pub(super) until: OffsetDateTime,
    /// The events that are parked for it: when they were recorded, and the instances that they are for.
    parked: Arc<Vec<(OffsetDateTime, String)>>,
}

impl Fed {
    /// Every event that was recorded before this was left for this instance.
    pub(super) fn until_for(&self, id: &str) -> OffsetDateTime {
        let own = self.parked.iter().filter(|(_, of)| of == id);
        own.map(|(at, _)| *at).chain([self.until]).min().unwrap_or(self.until)
    }
}

impl Feed {
    /// How far the consumer of a saga has come; at least up to `wanted` if that is so by now.
    pub(super) async fn of<S: SagaStore>(
        &self,
        shared: &Shared<S>,
        saga: &Arc<str>,
        wanted: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Option<Fed> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.get(saga) {
            let parked = !known.fed.parked.is_empty();
            let every = if parked { EVERY_PARKED } else { EVERY };
            if known.fed.until >= wanted && !parked || known.asked.elapsed() < every {
                return Some(known.fed.clone());
            }
        }
        let asked = Instant::now();
        match ask(shared, saga, now).await {
            Ok(fed) => {
                known.insert(Arc::clone(saga), Known { asked, fed: fed.clone() });
                Some(fed)
            }
            Err(error) => {
                telemetry::task_failures(TASK).increment(1);
                tracing::warn!(
                    task = TASK,
                    error = with_sources(&error),
                    "consumer of a saga cannot be asked"
                );
                None
            }
        }
    }
}

async fn ask<S: SagaStore>(
    shared: &Shared<S>,
    saga: &Arc<str>,
    now: OffsetDateTime,
) -> Result<Fed, StoreError> {
    let consumers = shared.store.consumers().await?;
    let own = consumers.iter().find(|one| one.live && one.name == *saga);
    // The saga follows no events.
    let Some(own) = own else { return Ok(Fed { until: now, parked: Arc::default() }) };
    let next = own.partitions.iter().filter_map(|partition| partition.next_recorded_at).min();
    let until = next.map_or(now, |next| next.min(now));
    let parked = if own.failed + own.waiting == 0 { Vec::new() } else { parked(shared, saga, own).await? };
    Ok(Fed { until, parked: Arc::new(parked) })
}

/// The parked events that are for instances of a saga, and when they were recorded. One that cannot be read is for none:
/// it holds nothing up but its stream.
async fn parked<S: SagaStore>(
    shared: &Shared<S>,
    saga: &Arc<str>,
    consumer: &ConsumerRecord,
) -> Result<Vec<(OffsetDateTime, String)>, StoreError> {
    let many = consumer.failed + consumer.waiting;
    if many > u64::from(MOST_PARKED) {
        tracing::warn!(
            saga = &**saga,
            parked = many,
            "too many parked events to hold timeouts back for them"
        );
    }
    let Some(main) = shared.of_name(saga) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let query =
        ParkedQuery { consumer: Some(saga.to_string()), limit: MOST_PARKED, ..ParkedQuery::default() };
    for parked in shared.store.parked(&query).await? {
        if let Some(event) = event_at(&*shared.store, parked.position).await? {
            let brought = main.brought(&event).into_iter().filter_map(|(_, brought)| brought.ok());
            found.extend(brought.map(|(id, _)| (event.metadata.recorded_at, id)));
        }
    }
    Ok(found)
}

/// The event at a place of the feed.
pub(super) async fn event_at<S: SagaStore>(
    store: &S,
    position: Position,
) -> Result<Option<RecordedEvent>, StoreError> {
    let page = FeedQuery::after(position.get().saturating_sub(1)).limit(1);
    let page = store.read_feed(page).await?;
    Ok(page.events.into_iter().find(|event| event.metadata.position == position))
}
