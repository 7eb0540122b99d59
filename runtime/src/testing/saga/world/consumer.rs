//! The consumer of the saga, as the outside sees it.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, timeout};

use super::World;
use crate::number::Position;
use crate::saga::SagaDefinition;
use crate::store::{ConsumerStore, ParkedQuery, ParkedRequest, Start};

/// How soon it is looked again whether the consumer has caught up.
const LOOK: Duration = Duration::from_millis(100);

impl<F: SagaDefinition> World<'_, F> {
    /// Waits until the consumer has handled, or parked, every event.
    pub(super) async fn until_caught_up(&mut self) {
        let limit = Instant::now() + self.stage.lease() * 4 + Duration::from_secs(120);
        while Instant::now() < limit && !self.is_caught_up().await {
            if let Ok(Some(signal)) = timeout(LOOK, self.signals.recv()).await {
                self.on(signal).await;
            }
        }
    }

    async fn is_caught_up(&self) -> bool {
        let consumers = self.store.consumers().await.unwrap_or_default();
        let own = consumers.iter().find(|one| one.live && *one.name == *F::NAME);
        own.is_none_or(|own| {
            let at_head = own.partitions.iter().all(|one| one.next_recorded_at.is_none());
            at_head && own.retrying == 0
        })
    }

    /// The events that the consumer has parked.
    pub(super) async fn parked_events(&self) -> Vec<Position> {
        let query =
            ParkedQuery { consumer: Some(F::NAME.to_owned()), limit: u32::MAX, ..ParkedQuery::default() };
        let parked = self.store.parked(&query).await.unwrap_or_default();
        parked.into_iter().map(|parked| parked.position).collect()
    }

    /// An operator retries the parked events.
    pub(super) async fn retry_parked_events(&mut self) {
        for position in self.parked_events().await {
            self.director.tell(0, "the parked event is retried".to_owned());
            // The memory store is open, and the event is there.
            drop(self.store.request(F::NAME, position, ParkedRequest::Retry).await);
        }
    }

    pub(super) async fn unpause(&self) {
        self.director.tell(0, "the consumer continues".to_owned());
        if let Some(app) = self.app() {
            // The memory store is open, and the consumer is there.
            drop(app.consumer(F::NAME).resume().await);
        }
    }

    /// Has events delivered again.
    pub(super) async fn reset(&self, since: OffsetDateTime) {
        self.director.tell(0, "the consumer is reset, and delivers its events again".to_owned());
        if let Some(app) = self.app() {
            // The memory store is open, and the consumer is there.
            drop(app.consumer(F::NAME).reset_with_effects(Start::At(since)).await);
        }
    }
}
