//! What each release reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

use super::consumers::{Consumers, Partition};
use crate::store::{ConsumerReads, EventType, KnownReads, Lease, Needs, RegisteredReads};

/// What the store was told of releases.
#[derive(Default)]
pub(super) struct Reads {
    /// The newest version of each event, by category and name.
    types: BTreeMap<(Arc<str>, Arc<str>), u32>,
    /// The releases of all consumers, in the order in which they came for the first time.
    releases: Vec<(ConsumerReads, Arc<str>)>,
}

impl Consumers {
    /// Adds event types. Who follows the category of a new one loses its leases.
    pub(super) fn register_events(&mut self, events: &[EventType]) {
        for EventType { category, name, version } in events {
            let is_new = !self.reads.types.contains_key(&(Arc::clone(category), Arc::clone(name)));
            if is_new {
                let names = self.reads.types.keys().filter(|(other, _)| other == category);
                let names: Vec<Arc<str>> = names.map(|(_, name)| Arc::clone(name)).collect();
                let follows = |(reads, _): &&(ConsumerReads, Arc<str>)| {
                    names.iter().any(|name| reads.handles.contains_key(name))
                };
                let followers = self.reads.releases.iter().filter(follows);
                let followers: Vec<Arc<str>> =
                    followers.map(|(reads, _)| Arc::clone(&reads.consumer)).collect();
                followers.iter().for_each(|consumer| self.revoke(consumer));
            }
            let kept = self.reads.types.entry((Arc::clone(category), Arc::clone(name))).or_default();
            *kept = (*kept).max(*version);
        }
    }

    /// Adds a release. When it handles what another one does not, the leases are lost.
    pub(super) fn register_reads(&mut self, reads: &ConsumerReads) {
        let release = reads.release();
        let same = |consumer: &Arc<str>| *consumer == reads.consumer;
        if self.reads.releases.iter().any(|(other, known)| same(&other.consumer) && **known == *release) {
            return;
        }
        let lacks = |other: &ConsumerReads| {
            same(&other.consumer) && reads.handles.keys().any(|name| !other.handles.contains_key(name))
        };
        if self.reads.releases.iter().any(|(other, _)| lacks(other)) {
            self.revoke(&reads.consumer);
        }
        self.reads.releases.push((reads.clone(), release.into()));
    }

    fn revoke(&mut self, consumer: &str) {
        let Some(consumer) = self.by_name.get_mut(consumer) else { return };
        let partitions = consumer.generations.values_mut().flat_map(|generation| &mut generation.partitions);
        partitions.for_each(Partition::revoke);
    }

    /// What is known of a consumer's releases.
    pub(super) fn known_reads(&self, consumer: &str, now: OffsetDateTime) -> KnownReads {
        let types = self.reads.types.iter().map(|((category, name), version)| EventType {
            category: Arc::clone(category),
            name: Arc::clone(name),
            version: *version,
        });
        let running = |release: &str| {
            let generations = self.by_name.get(consumer).into_iter().flat_map(|one| one.generations.values());
            let mut workers = generations.flat_map(|generation| generation.workers.values());
            workers.any(|worker| *worker.release == *release && worker.until > now)
        };
        let own = (1..).zip(&self.reads.releases).filter(|(_, (reads, _))| *reads.consumer == *consumer);
        let releases = own.map(|(number, (reads, release))| RegisteredReads {
            reads: reads.clone(),
            release: Arc::clone(release),
            number,
            running: running(release),
        });
        KnownReads { types: types.collect(), releases: releases.collect() }
    }

    /// Gives a partition to who can do its next event.
    pub(super) fn leave(&mut self, lease: &Lease, needs: &Needs) -> bool {
        if self.held(lease).is_none() {
            return false;
        }
        let partition = self
            .generation_mut(&lease.consumer, lease.generation)
            .and_then(|generation| generation.partitions.get_mut(usize::from(lease.partition)));
        let Some(partition) = partition else { return false };
        partition.revoke();
        partition.needs = Some(needs.clone());
        true
    }
}
