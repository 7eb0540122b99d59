//! What a transaction does for consumers, until it commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

use super::consumers::{Consumers, Generation};
use super::tables::Changes;
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::store::{ConsumerSpec, Lease, Parked, ParkedRequest, RowChanges, StoreError, Table};

/// The writes of a transaction beside its appends.
#[derive(Default)]
pub(super) struct Batch {
    moves: Vec<Move>,
    rows: BTreeMap<(Arc<str>, u32), Changes>,
    parking: Vec<Parking>,
    restarts: Vec<(ConsumerSpec, Position, OffsetDateTime)>,
}

/// A checkpoint that moves.
struct Move {
    lease: Lease,
    from: Position,
    to: Position,
}

/// What becomes of parked events, in the order in which it was said.
enum Parking {
    Park(Parked),
    Unpark { consumer: Arc<str>, generation: u32, position: Position },
}

impl Batch {
    /// Moves a checkpoint, as far as this can be known before the commit.
    pub(super) fn advance(
        &mut self,
        consumers: &Consumers,
        lease: &Lease,
        from: Position,
        to: Position,
    ) -> bool {
        let Some(partition) = consumers.held(lease) else { return false };
        let own = self.moves.iter_mut().find(|own| {
            own.lease.consumer == lease.consumer
                && own.lease.generation == lease.generation
                && own.lease.partition == lease.partition
        });
        match own {
            Some(own) if own.lease.epoch == lease.epoch && own.to == from => own.to = to,
            None if partition.position == from => self.moves.push(Move { lease: lease.clone(), from, to }),
            _ => return false,
        }
        true
    }

    /// Rows as the transaction sees them.
    pub(super) fn load(
        &self,
        consumers: &Consumers,
        table: &Table,
        keys: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let (generation, rows) = consumers.table(table)?;
        let nothing = Changes::default();
        let own = self.rows.get(&(Arc::clone(&table.definition.name), generation)).unwrap_or(&nothing);
        Ok(keys.iter().filter_map(|key| own.get(rows, key).cloned()).collect())
    }

    /// Writes rows.
    pub(super) fn write(
        &mut self,
        consumers: &Consumers,
        table: &Table,
        changes: RowChanges,
    ) -> Result<(), StoreError> {
        let (generation, rows) = consumers.table(table)?;
        let own = self.rows.entry((Arc::clone(&table.definition.name), generation)).or_default();
        own.write(rows, changes)
    }

    /// Has a consumer start again.
    pub(super) fn restart(&mut self, spec: ConsumerSpec, at: Position, now: OffsetDateTime) {
        self.restarts.push((spec, at, now));
    }

    /// Parks an event.
    pub(super) fn park(&mut self, parked: Parked) {
        self.parking.push(Parking::Park(parked));
    }

    /// Takes an event out of the parked ones.
    pub(super) fn unpark(&mut self, lease: &Lease, position: Position) {
        let (consumer, generation) = (Arc::clone(&lease.consumer), lease.generation);
        self.parking.push(Parking::Unpark { consumer, generation, position });
    }

    /// Refuses what may not be stored any more.
    pub(super) fn check(&self, consumers: &Consumers) -> Result<(), StoreError> {
        for Move { lease, from, .. } in &self.moves {
            if consumers.held(lease).is_none_or(|partition| partition.position != *from) {
                let lost =
                    format!("the lease of partition {} of `{}` is lost", lease.partition, lease.consumer);
                return Err(StoreError::Contention(lost.into()));
            }
        }
        for ((consumer, generation), changes) in &self.rows {
            let table = consumers.generation(consumer, *generation).and_then(|found| found.table.as_ref());
            table.ok_or_else(|| gone(consumer))?.check(changes)?;
        }
        for parking in &self.parking {
            let (consumer, generation) = parking.generation();
            consumers.generation(consumer, generation).ok_or_else(|| gone(consumer))?;
        }
        Ok(())
    }

    /// Stores everything, which [`check`](Self::check) has accepted under the same lock.
    pub(super) fn apply(self, consumers: &mut Consumers) {
        for (spec, at, now) in self.restarts {
            consumers.restart(&spec, at, now);
        }
        for Move { lease, to, .. } in self.moves {
            let partition = consumers
                .generation_mut(&lease.consumer, lease.generation)
                .and_then(|found| found.partitions.get_mut(usize::from(lease.partition)));
            if let Some(partition) = partition {
                partition.position = to;
            }
        }
        for ((consumer, generation), changes) in self.rows {
            let found = consumers.generation_mut(&consumer, generation);
            if let Some(table) = found.and_then(|found| found.table.as_mut()) {
                table.apply(changes);
            }
        }
        for parking in self.parking {
            let (consumer, generation) = parking.generation();
            if let Some(found) = consumers.generation_mut(consumer, generation) {
                parking.apply(found);
            }
        }
    }
}

impl Parking {
    fn generation(&self) -> (&Arc<str>, u32) {
        match self {
            Self::Park(parked) => (&parked.consumer, parked.generation),
            Self::Unpark { consumer, generation, .. } => (consumer, *generation),
        }
    }

    fn apply(self, generation: &mut Generation) {
        match self {
            Self::Park(again) => {
                let parked = generation.parked.entry(again.position).or_insert_with(|| again.clone());
                (parked.partition, parked.request) = (again.partition, None);
                // What waits behind another event and comes once more keeps the reason that it has.
                if again.error.is_some() {
                    (parked.error, parked.attempts) = (again.error, again.attempts);
                    parked.retry_at = again.retry_at;
                }
            }
            Self::Unpark { position, .. } => {
                let Some(gone) = generation.parked.remove(&position) else { return };
                let mut later = generation.parked.range_mut(position..).map(|(_, parked)| parked);
                if let Some(next) = later.find(|parked| parked.stream == gone.stream) {
                    next.request.get_or_insert(ParkedRequest::Retry);
                }
            }
        }
    }
}

/// A consumer was built anew, and what a transaction has written to was the old one.
fn gone(consumer: &str) -> StoreError {
    StoreError::Contention(format!("a generation of `{consumer}` is gone").into())
}
