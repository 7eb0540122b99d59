//! Following the building of a read model.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::status::done;
use super::{ConsumerError, ReadSide};

/// How often [`Rebuild::finished`] asks the store.
const LOOK: Duration = Duration::from_millis(100);

/// How long the store may be away while a building is waited for.
const PATIENCE: u32 = 50;

/// A read model that is being built anew. It goes on whether this is kept or dropped.
pub struct Rebuild {
    read_side: Arc<dyn ReadSide>,
    consumer: Arc<str>,
    generation: u32,
    began: (Instant, u64),
}

/// How far a building is, counted in positions of the feed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many are done, on the average of the partitions.
    pub done: u64,
    /// Of how many; it grows while events are appended.
    pub of: u64,
    /// How many a second have been done since this was first asked for.
    pub rate: f64,
    /// Whether the new table has taken the old one's place.
    pub finished: bool,
    /// Events failed while it was built, and all others are done.
    blocked: bool,
}

impl Rebuild {
    pub(crate) async fn begun(
        read_side: Arc<dyn ReadSide>,
        consumer: Arc<str>,
        generation: u32,
    ) -> Result<Self, ConsumerError> {
        let mut rebuild = Self { read_side, consumer, generation, began: (Instant::now(), 0) };
        rebuild.began.1 = rebuild.progress().await?.done;
        Ok(rebuild)
    }

    /// The consumer that is being built.
    #[must_use]
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// How far it is, as the store knows.
    ///
    /// # Errors
    /// When the store cannot be asked; [`ConsumerError::Superseded`] when another building has taken the place of this one.
    pub async fn progress(&self) -> Result<Progress, ConsumerError> {
        let records = self.read_side.records(&self.consumer).await?;
        let of = self.read_side.drawn().await?.get();
        let Some(own) = records.iter().find(|record| record.generation == self.generation) else {
            return Err(ConsumerError::Superseded { consumer: self.consumer.to_string() });
        };
        let done = done(own).min(of);
        let (since, before) = self.began;
        let seconds = since.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { done.saturating_sub(before) as f64 / seconds } else { 0.0 };
        let caught_up = own
            .partitions
            .iter()
            .all(|partition| partition.next_recorded_at.is_none() || partition.position.get() >= of);
        let blocked = (caught_up && own.retrying == 0) || own.pause_reason.is_some();
        let blocked = !own.live && blocked && super::status::blocked(own).is_some();
        Ok(Progress { done, of, rate, finished: own.live, blocked })
    }

    /// Waits until the new table has taken the old one's place. Some process has to [run](crate::Kenning::run) the consumers meanwhile.
    ///
    /// # Errors
    /// As [`progress`](Self::progress), when the store is away for longer than about five seconds.
    /// [`ConsumerError::RebuildBlocked`] when events failed: the live table stays.
    pub async fn finished(&self) -> Result<Progress, ConsumerError> {
        let mut failures = 0;
        loop {
            match self.progress().await {
                Ok(progress) if progress.finished => return Ok(progress),
                Ok(progress) if progress.blocked => return Err(self.blocked().await?),
                Ok(_) => failures = 0,
                Err(ConsumerError::Store(error)) if error.is_retryable() && failures < PATIENCE => {
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Rebuild {
    async fn blocked(&self) -> Result<ConsumerError, ConsumerError> {
        let records = self.read_side.records(&self.consumer).await?;
        let own = records.iter().find(|record| record.generation == self.generation);
        let reason = own.and_then(super::status::blocked).unwrap_or_default();
        Ok(ConsumerError::RebuildBlocked { consumer: self.consumer.to_string(), reason })
    }
}

impl fmt::Debug for Rebuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuild")
            .field("consumer", &self.consumer)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
