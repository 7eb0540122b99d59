//! Who runs the partitions.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::consumers::{Consumer, Consumers, Generation, Partition, Registered};
use crate::store::{KnownReads, Lease, LeaseRequest, Needs, Timeline, Wanted};

impl Consumers {
    /// Renews what a worker has, takes back what it has too much, and gives it what is free.
    pub(super) fn lease(&mut self, request: &LeaseRequest, now: OffsetDateTime) -> Vec<Lease> {
        let until = later(now, request.duration);
        let mut leases = Vec::new();
        for wanted in &request.wanted {
            let known = self.known_reads(&wanted.consumer, now);
            if let Some(consumer) = self.by_name.get_mut(&wanted.consumer) {
                consumer.lease(request.worker, wanted, &known, (now, until), &mut leases);
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
        known: &KnownReads,
        (now, until): (OffsetDateTime, OffsetDateTime),
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
        let release = Arc::clone(&wanted.release);
        let registered =
            generation.workers.entry(worker).or_insert(Registered { since: now, until, release });
        (registered.until, registered.release) = (until, Arc::clone(&wanted.release));
        let partitions = generation.partitions.len();
        let share = generation.share(worker, known, now);
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
            let can_do = |needs: &Needs| known.can_do(&wanted.release, needs);
            let blocked = partition.needs.as_ref().filter(|needs| partition.position < needs.position);
            if !*given && has < share && partition.is_free(now) && blocked.is_none_or(can_do) {
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
    fn share(&self, worker: Uuid, known: &KnownReads, now: OffsetDateTime) -> usize {
        // While workers run that can do all that partitions have needed, they alone count.
        let needs: Vec<&Needs> =
            self.partitions.iter().filter_map(|partition| partition.needs.as_ref()).collect();
        let can_do_all =
            |registered: &Registered| needs.iter().all(|needs| known.can_do(&registered.release, needs));
        let any = self.workers.values().any(can_do_all);
        if any && !self.workers.get(&worker).is_some_and(can_do_all) {
            return 0;
        }
        let counts: Vec<(OffsetDateTime, Uuid)> = self
            .workers
            .iter()
            .filter(|(_, registered)| !any || can_do_all(registered))
            .map(|(worker, registered)| (registered.since, *worker))
            .collect();
        let (partitions, workers) = (self.partitions.len(), counts.len().max(1));
        let least = partitions / workers;
        let has = |other: &Uuid| {
            let own = |partition: &&Partition| partition.worker == Some(*other) && !partition.is_free(now);
            self.partitions.iter().filter(own).count()
        };
        if counts.iter().all(|(_, other)| *other == worker || has(other) >= least) {
            return partitions.div_ceil(workers);
        }
        let own = counts.iter().find(|(_, one)| *one == worker).copied();
        let earlier = counts.iter().filter(|other| own.is_some_and(|own| **other < own)).count();
        least + usize::from(earlier < partitions % workers)
    }
}

/// A time so much later; it saturates.
pub(super) fn later(now: OffsetDateTime, duration: Duration) -> OffsetDateTime {
    now.saturating_add(duration.try_into().unwrap_or(time::Duration::MAX))
}
