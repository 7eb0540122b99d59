//! Giving a partition to a worker of another release.

use super::End;
use super::work::Worker;
use crate::consumer::page::EventRef;
use crate::consumer::runner::Poison;
use crate::consumer::trouble::Trouble;
use crate::store::{ConsumerStore, Needs};

impl<S: ConsumerStore> Worker<S> {
    /// What has to be read to do an event that has failed here, when a release is known that reads it.
    pub(super) async fn newer(&self, event: &EventRef, poison: &Poison) -> Result<Option<Needs>, Trouble> {
        let Some(newer) = &poison.newer else { return Ok(None) };
        let known = self.partition.host.store.known_reads(&self.partition.lease.consumer).await?;
        let registered = known.types.iter().filter(|kind| *kind.name == *newer.name).map(|kind| kind.version);
        // A name that no release has registered is no event of a newer one.
        let Some(version) = newer.version.or(registered.max()) else { return Ok(None) };
        let position = event.metadata.position;
        Ok(Some(Needs { name: newer.name.as_str().into(), version, handler: false, position }))
    }

    /// Stores the checkpoint and gives the partition to a worker that can do the next event.
    pub(super) async fn leave(&mut self, needs: &Needs) -> Result<End, Trouble> {
        let partition = std::sync::Arc::clone(&self.partition);
        if !self.flush().await? || !partition.host.store.leave(&partition.lease, needs).await? {
            return Ok(End::Lost);
        }
        partition.consumer.metrics.left.increment(1);
        tracing::warn!(
            consumer = &*partition.lease.consumer,
            partition = partition.lease.partition,
            event = &*needs.name,
            version = needs.version,
            position = needs.position.get(),
            "partition left to another release: this one cannot read the next event"
        );
        Ok(End::Left)
    }
}
