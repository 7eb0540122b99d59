//! Who runs the partitions.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::consumers::{Consumer, Consumers, Generation, Partition, Registered};
use crate::store::{Lease, LeaseRequest, Timeline, Wanted};

impl Consumers {
    /// Renews what a worker has, takes back what it has too much, and gives it what is free.
    pub(super) fn lease(&mut self, request: &LeaseRequest, now: OffsetDateTime) -> Vec<Lease> {
        let until = later(now, request.duration);
        let mut leases = Vec::new();
        for wanted in &request.wanted {
            if let Some(consumer) = self.by_name.get_mut(&wanted.consumer) {
                consumer.lease(request.worker, wanted, now, until, &mut leases);
            }
        }
        leases
    }

    /// Gives back everything that a worker has.
    pub(super) fn release(&mut self, worker: Uuid) {
        let generations = self.by_name.values_mut().flat_map(|consumer| consumer.generations.values_mut());
        for generation in generations {
            generation.workers.remove(&worker);
            let held = generation.partitions.iter_mut().filter(|held| held.worker == Some(worker));
            held.for_each(Partition::revoke);
        }
    }
}

impl Consumer {
    fn lease(
        &mut self,
        worker: Uuid,
        wanted: &Wanted,
        now: OffsetDateTime,
        until: OffsetDateTime,
        leases: &mut Vec<Lease>,
    ) {
        let live = self.live == wanted.generation;
        let Some(generation) = self.generations.get_mut(&wanted.generation).filter(|_| !self.paused) else {
            return;
        };
        if generation.halted.is_some() {
            return;
        }
        generation.workers.retain(|_, registered| registered.until > now);
        generation.workers.entry(worker).or_insert(Registered { since: now, until }).until = until;
        let partitions = generation.partitions.len();
        let share = generation.share(worker, now);
        let mut has = 0;
        let mut given = vec![false; partitions];
        let held = |partition: u16, epoch: u64| wanted.held.contains(&(partition, epoch));
        // First what it has, so that nothing moves without need.
        for ((number, partition), given) in (0..).zip(&mut generation.partitions).zip(&mut given) {
            if partition.worker != Some(worker) {
                continue;
            }
            if held(number, partition.epoch) && has < share {
                partition.until = Some(until);
                (*given, has) = (true, has + 1);
            } else {
                // Too much, or it never learned that it has it.
                partition.revoke();
            }
        }
        for (partition, given) in generation.partitions.iter_mut().zip(&mut given) {
            if !*given && has < share && partition.is_free(now) {
                partition.revoke();
                (partition.worker, partition.until) = (Some(worker), Some(until));
                (*given, has) = (true, has + 1);
            }
        }
        let given = (0..).zip(&generation.partitions).zip(given).filter(|(_, given)| *given);
        leases.extend(given.map(|((number, partition), _)| Lease {
            worker,
            consumer: Arc::clone(&wanted.consumer),
            generation: wanted.generation,
            live,
            partition: number,
            partitions: u16::try_from(partitions).unwrap_or(u16::MAX),
            epoch: partition.epoch,
            position: partition.position,
            timeline: Timeline::FIRST,
        }));
    }
}

impl Generation {
    /// How many partitions a worker may have: all divided by the workers, rounded up. While another one has less than that rounded down, those who came first have those that are
    /// over, and nobody else has more than that.
    fn share(&self, worker: Uuid, now: OffsetDateTime) -> usize {
        let (partitions, workers) = (self.partitions.len(), self.workers.len().max(1));
        let least = partitions / workers;
        let has = |other: &Uuid| {
            let own = |partition: &&Partition| partition.worker == Some(*other) && !partition.is_free(now);
            self.partitions.iter().filter(own).count()
        };
        if self.workers.keys().all(|other| *other == worker || has(other) >= least) {
            return partitions.div_ceil(workers);
        }
        let place = |worker: &Uuid| (self.workers.get(worker).map(|registered| registered.since), *worker);
        let earlier = self.workers.keys().filter(|other| place(other) < place(&worker)).count();
        least + usize::from(earlier < partitions % workers)
    }
}

/// A time so much later; it saturates.
pub(super) fn later(now: OffsetDateTime, duration: Duration) -> OffsetDateTime {
    now.saturating_add(duration.try_into().unwrap_or(time::Duration::MAX))
}
