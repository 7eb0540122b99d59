//! What the memory store knows of its consumers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::tables::MemoryTable;
use crate::number::Position;
use crate::store::{
    ConsumerKind, ConsumerRecord, ConsumerSpec, Lease, Needs, Parked, PartitionRecord, StoreError, Table,
};

/// The consumers, by name.
#[derive(Default)]
pub(super) struct Consumers {
    pub(super) by_name: BTreeMap<Arc<str>, Consumer>,
    pub(super) reads: super::reads::Reads,
}

/// One consumer.
pub(super) struct Consumer {
    pub(super) kind: ConsumerKind,
    pub(super) paused: bool,
    /// The number of the live generation.
    pub(super) live: u32,
    /// The last number that was given. None is given twice, so that a lease of a generation that is gone fits no other.
    last: u32,
    /// The live one, and at most one that is being built.
    pub(super) generations: BTreeMap<u32, Generation>,
    /// The names that it had before, in their order.
    pub(super) former_names: Vec<Arc<str>>,
}

/// One generation of a consumer.
pub(super) struct Generation {
    pub(super) version: u32,
    created_at: OffsetDateTime,
    pub(super) partitions: Vec<Partition>,
    /// Who asks for leases.
    pub(super) workers: HashMap<Uuid, Registered>,
    pub(super) parked: BTreeMap<Position, Parked>,
    pub(super) table: Option<MemoryTable>,
    /// Why it has paused itself.
    pub(super) halted: Option<Arc<str>>,
    /// Why it may replace the live one although some of its events failed.
    pub(super) replace_anyway: Option<Arc<str>>,
}

/// A worker that asks for leases.
pub(super) struct Registered {
    pub(super) since: OffsetDateTime,
    /// Until when it counts, unless it asks again.
    pub(super) until: OffsetDateTime,
    /// Its release.
    pub(super) release: Arc<str>,
}

/// One partition of a generation.
#[derive(Clone, Default)]
pub(super) struct Partition {
    pub(super) position: Position,
    pub(super) epoch: u64,
    pub(super) worker: Option<Uuid>,
    /// Until when nobody else gets it, whether anybody has it or not.
    pub(super) until: Option<OffsetDateTime>,
    /// What a worker has to read to do the event at which another one has left it.
    pub(super) needs: Option<Needs>,
}

impl Consumers {
    /// A generation, if it is there.
    pub(super) fn generation(&self, consumer: &str, generation: u32) -> Option<&Generation> {
        self.by_name.get(consumer)?.generations.get(&generation)
    }

    /// A generation, if it is there.
    pub(super) fn generation_mut(&mut self, consumer: &str, generation: u32) -> Option<&mut Generation> {
        self.by_name.get_mut(consumer)?.generations.get_mut(&generation)
    }

    /// The partition of a lease, as long as the lease has not been lost.
    pub(super) fn held(&self, lease: &Lease) -> Option<&Partition> {
        let generation = self.generation(&lease.consumer, lease.generation)?;
        generation
            .partitions
            .get(usize::from(lease.partition))
            .filter(|partition| partition.epoch == lease.epoch)
    }

    /// The generation whose table is meant, and the table.
    pub(super) fn table(&self, table: &Table) -> Result<(u32, &MemoryTable), StoreError> {
        let name = &table.definition.name;
        let found = self.by_name.get(name).and_then(|consumer| {
            let generation = table.building.unwrap_or(consumer.live);
            Some((generation, consumer.generations.get(&generation)?.table.as_ref()?))
        });
        found.ok_or_else(|| StoreError::Database(format!("there is no table `{name}`").into()))
    }

    /// What is known of all of them. `next` says when the first event after a position was recorded.
    pub(super) fn records(
        &self,
        now: OffsetDateTime,
        next: impl Fn(Position) -> Option<OffsetDateTime>,
    ) -> Vec<ConsumerRecord> {
        let mut records = Vec::new();
        for (name, consumer) in &self.by_name {
            for (number, generation) in &consumer.generations {
                let errors = generation.parked.values().filter(|parked| parked.error.is_some());
                let (retrying, failed): (Vec<_>, Vec<_>) =
                    errors.partition(|parked| parked.retry_at.is_some());
                let (retrying, failed) = (retrying.len(), failed.len());
                let partitions =
                    (0..).zip(&generation.partitions).map(|(number, partition)| PartitionRecord {
                        partition: number,
                        position: partition.position,
                        epoch: partition.epoch,
                        worker: partition.worker.filter(|_| !partition.is_free(now)),
                        needs: partition.needs.clone(),
                        next_recorded_at: next(partition.position),
                    });
                records.push(ConsumerRecord {
                    name: Arc::clone(name),
                    kind: consumer.kind.as_str().into(),
                    version: generation.version,
                    generation: *number,
                    live: *number == consumer.live,
                    paused: consumer.paused || generation.halted.is_some(),
                    created_at: generation.created_at,
                    partitions: partitions.collect(),
                    failed: failed as u64,
                    waiting: (generation.parked.len() - failed - retrying) as u64,
                    retrying: retrying as u64,
                    pause_reason: generation.halted.clone(),
                    replace_anyway: generation.replace_anyway.clone(),
                    former_names: consumer.former_names.clone(),
                });
            }
        }
        records
    }
}

impl Consumer {
    /// A consumer with its first generation.
    pub(super) fn new(spec: &ConsumerSpec, at: Position, now: OffsetDateTime) -> Self {
        let mut consumer = Self {
            kind: spec.kind,
            paused: false,
            live: 1,
            last: 0,
            generations: BTreeMap::new(),
            former_names: Vec::new(),
        };
        consumer.add(spec, at, now);
        consumer
    }

    /// Makes a generation; gives its number.
    pub(super) fn add(&mut self, spec: &ConsumerSpec, at: Position, now: OffsetDateTime) -> u32 {
        self.last += 1;
        let partition = Partition { position: at, ..Partition::default() };
        let generation = Generation {
            version: spec.version,
            created_at: now,
            partitions: vec![partition; usize::from(spec.partitions.max(1))],
            workers: HashMap::new(),
            parked: BTreeMap::new(),
            table: spec.table.clone().map(MemoryTable::new),
            halted: None,
            replace_anyway: None,
        };
        self.generations.insert(self.last, generation);
        self.last
    }

    /// Gives the live generation a higher version in its place, and another number: who asks for leases of the lower version gets none. Gives the number.
    pub(super) fn raise(&mut self, spec: &ConsumerSpec) -> u32 {
        if let Some(mut raised) = self.generations.remove(&self.live) {
            self.last += 1;
            self.live = self.last;
            raised.version = spec.version;
            raised.partitions.iter_mut().for_each(Partition::revoke);
            raised.divide(spec.partitions.max(1));
            raised.parked.values_mut().for_each(|parked| parked.generation = self.last);
            raised.workers.clear();
            self.generations.clear();
            self.generations.insert(self.last, raised);
        }
        self.live
    }

    /// The live generation.
    pub(super) fn live(&self) -> Option<&Generation> {
        self.generations.get(&self.live)
    }

    /// The live generation.
    pub(super) fn live_mut(&mut self) -> Option<&mut Generation> {
        self.generations.get_mut(&self.live)
    }

    /// The number of the generation that is being built.
    pub(super) fn building(&self) -> Option<u32> {
        self.generations.keys().copied().find(|number| *number != self.live)
    }
}

impl Generation {
    /// Divides a generation without leases into this many partitions. All of them begin where the
    /// one was that is furthest behind.
    fn divide(&mut self, partitions: u16) {
        if self.partitions.len() == usize::from(partitions) {
            return;
        }
        let position = self.partitions.iter().map(|one| one.position).min().unwrap_or_default();
        let epoch = self.partitions.iter().map(|one| one.epoch).max().unwrap_or(0) + 1;
        let partition = Partition { position, epoch, ..Partition::default() };
        self.partitions = vec![partition; usize::from(partitions)];
        for parked in self.parked.values_mut() {
            parked.partition = parked.stream.partition(partitions);
        }
    }
}

impl Partition {
    /// Whether a worker may get it.
    pub(super) fn is_free(&self, now: OffsetDateTime) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// Takes the lease from whoever has it: the holder writes nothing any more.
    pub(super) fn revoke(&mut self) {
        self.epoch += 1;
        self.worker = None;
        self.until = None;
    }
}
