//! Taking consumers over from other releases, and leaving them to those.

use std::time::Duration;

use tokio::time::Instant;

use super::Keeper;
use crate::app::with_sources;
use crate::consumer::host::Consumer;
use crate::consumer::restart::restart;
use crate::store::{ConsumerKind, ConsumerRecord, ConsumerSpec, ConsumerStore, Start, StoreError};

/// How often the log says that partitions wait for another release.
const TELL: Duration = Duration::from_secs(60);

fn tell_renamed(spec: &ConsumerSpec, renamed: &ConsumerRecord) {
    let (consumer, name) = (&*spec.name, &*renamed.name);
    tracing::warn!(consumer, name, "consumer not run here: a later release has renamed it");
}

impl<S: ConsumerStore> Keeper<S> {
    /// Takes consumers of lower versions over. What may take long has no bound: an index over a large table.
    pub(super) async fn open(&self) -> Result<(), StoreError> {
        for consumer in &self.host.consumers {
            let (store, spec) = (&self.host.store, &consumer.spec);
            if let Some(from) = &consumer.options.renamed_from
                && store.rename_consumer(from, spec).await?
            {
                tracing::info!(consumer = &*spec.name, from = &**from, "consumer renamed");
            }
        }
        let records = self.host.store.consumers().await?;
        for consumer in &self.host.consumers {
            let spec = &consumer.spec;
            let live = records.iter().find(|record| record.live && record.name == spec.name);
            if live.is_none()
                && let Some(renamed) = records.iter().find(|record| record.was_named(&spec.name))
            {
                tell_renamed(spec, renamed);
                continue;
            }
            let newer = match live {
                Some(live) if live.version > spec.version => true,
                live => self.open_one(consumer, live.map(|live| live.version)).await?,
            };
            if newer {
                tracing::warn!(
                    consumer = &*spec.name,
                    version = spec.version,
                    "consumer not run here: the store has a newer version of it"
                );
            }
        }
        Ok(())
    }

    /// Gives a consumer the version of this release; `true`: the store has a newer one.
    async fn open_one(&self, consumer: &Consumer<S>, live: Option<u32>) -> Result<bool, StoreError> {
        let spec = &consumer.spec;
        if spec.kind != ConsumerKind::Projection || live == Some(spec.version) {
            return Ok(self.host.store.open_consumer(spec).await?.generation.is_none());
        }
        let start = if live.is_none() { spec.start } else { Start::Beginning };
        // The tables may be missing still: the others go on meanwhile, and this one is tried again.
        match restart(&self.host, consumer, start).await {
            Err(error @ StoreError::Unsuitable(_)) => {
                let name = &*spec.name;
                tracing::error!(consumer = name, error = with_sources(&error), "projection not started");
                Ok(false)
            }
            done => done.map(|()| false),
        }
    }

    /// Takes consumers over whose version was changed since: by a release that was rolled back, or
    /// by one that has gone.
    pub(super) async fn take_over(
        &self,
        records: &[ConsumerRecord],
        now: Instant,
    ) -> Result<bool, StoreError> {
        let mut changed = false;
        for consumer in &self.host.consumers {
            let spec = &consumer.spec;
            let Some(live) = records.iter().find(|record| record.live && record.name == spec.name) else {
                if let Some(renamed) = records.iter().find(|record| record.was_named(&spec.name)) {
                    if self.tell_at <= now {
                        tell_renamed(spec, renamed);
                    }
                } else if spec.kind == ConsumerKind::Projection {
                    self.open_one(consumer, None).await?;
                    changed = true;
                } else if self.tell_at <= now {
                    let name = &*spec.name;
                    tracing::warn!(
                        consumer = name,
                        "consumer is gone: another release has renamed or removed it"
                    );
                }
                continue;
            };
            let building =
                records.iter().any(|record| record.name == spec.name && record.version == spec.version);
            if live.version < spec.version && !building {
                self.open_one(consumer, Some(live.version)).await?;
                changed = true;
            } else if live.version > spec.version && spec.kind.goes_on() {
                let lowered = self.host.store.lower_consumer(spec).await?;
                if lowered || self.tell_at <= now {
                    let (consumer, version, from) = (&*spec.name, spec.version, live.version);
                    let what = if lowered {
                        "consumer lowered: no worker of the higher version runs"
                    } else {
                        "consumer not run here: workers of a higher version have it"
                    };
                    tracing::warn!(consumer, version, from, "{what}");
                }
                changed |= lowered;
            }
        }
        Ok(changed)
    }

    /// Says which partitions wait for another release.
    pub(super) fn tell_blocked(&mut self, records: &[ConsumerRecord], now: Instant) {
        let mut blocked = false;
        for consumer in &self.host.consumers {
            let own = records.iter().filter(|record| record.name == consumer.spec.name);
            let partitions = own.flat_map(|record| &record.partitions);
            let waiting: Vec<_> = partitions
                .filter(|partition| partition.worker.is_none())
                .filter_map(|partition| Some((partition.partition, partition.blocked()?)))
                .collect();
            consumer.metrics.blocked.set(waiting.len() as f64);
            blocked |= !waiting.is_empty();
            if self.tell_at > now {
                continue;
            }
            for (partition, needs) in waiting {
                tracing::warn!(
                    consumer = &*consumer.spec.name,
                    partition,
                    event = &*needs.name,
                    version = needs.version,
                    position = needs.position.get(),
                    "partition waits for a release that can read its next event: run one"
                );
            }
        }
        if blocked && self.tell_at <= now {
            self.tell_at = now + TELL;
        }
    }
}
