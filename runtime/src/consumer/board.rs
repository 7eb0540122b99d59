//! How far the partitions are that this process runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::number::Position;
use crate::store::{Lease, Timeline};

/// Consumer, generation, partition.
pub(super) type PartitionId = (Arc<str>, u32, u16);

/// One partition that this process runs.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Everything up to here is done; what the consumer has to do of it is durable, the checkpoint itself may be written a little later.
    pub(super) position: Position,
    pub(super) epoch: u64,
    timeline: Timeline,
    pub(super) live: bool,
    /// How many partitions its generation has.
    partitions: u16,
    /// How often it has failed since it last got on.
    pub(super) failures: u32,
    /// What it failed with.
    pub(super) problem: Option<String>,
}

impl Cell {
    fn of(lease: &Lease, position: Position) -> Self {
        let Lease { epoch, timeline, live, partitions, .. } = *lease;
        Self { position, epoch, timeline, live, partitions, failures: 0, problem: None }
    }
}

/// The partitions that this process runs.
pub(super) struct Board {
    cells: Mutex<BTreeMap<PartitionId, Cell>>,
    changed: watch::Sender<()>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self { cells: Mutex::default(), changed: watch::Sender::new(()) }
    }

    fn cells(&self) -> MutexGuard<'_, BTreeMap<PartitionId, Cell>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of changes.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn get(&self, id: &PartitionId) -> Option<Cell> {
        self.cells().get(id).cloned()
    }

    /// How far the partition of a consumer's live generation is that is meant, if it is run here.
    pub(super) fn live(
        &self,
        consumer: &Arc<str>,
        timeline: Timeline,
        partition: impl Fn(u16) -> u16,
    ) -> Option<Position> {
        let cells = self.cells();
        let own = cells.range((Arc::clone(consumer), 0, 0)..=(Arc::clone(consumer), u32::MAX, u16::MAX));
        let mut live = own.filter(|(_, cell)| cell.live && cell.timeline == timeline);
        live.find(|((_, _, number), cell)| *number == partition(cell.partitions))
            .map(|(_, cell)| cell.position)
    }

    /// A partition begins.
    pub(super) fn begun(&self, lease: &Lease) {
        self.cells().insert(id_of(lease), Cell::of(lease, lease.position));
        self.changed.send_replace(());
    }

    /// A partition has come so far.
    pub(super) fn reached(&self, lease: &Lease, position: Position) {
        self.cells().insert(id_of(lease), Cell::of(lease, position));
        self.changed.send_replace(());
    }

    /// A partition has failed; says how often in a row.
    pub(super) fn failed(&self, lease: &Lease, problem: String) -> u32 {
        let mut cells = self.cells();
        let Some(cell) = cells.get_mut(&id_of(lease)) else { return 1 };
        cell.failures = cell.failures.saturating_add(1);
        cell.problem = Some(problem);
        let failures = cell.failures;
        drop(cells);
        self.changed.send_replace(());
        failures
    }

    /// The partition is no longer run here.
    pub(super) fn left(&self, lease: &Lease) {
        let mut cells = self.cells();
        let id = id_of(lease);
        if cells.get(&id).is_some_and(|cell| cell.epoch == lease.epoch) {
            cells.remove(&id);
        }
        drop(cells);
        self.changed.send_replace(());
    }

    /// A partition that has failed at least so often in a row, with its problem.
    pub(super) fn failing(&self, failures: u32) -> Option<(PartitionId, String)> {
        let cells = self.cells();
        let (id, cell) = cells.iter().find(|(_, cell)| cell.failures >= failures)?;
        Some((id.clone(), cell.problem.clone().unwrap_or_default()))
    }
}

pub(super) fn id_of(lease: &Lease) -> PartitionId {
    (Arc::clone(&lease.consumer), lease.generation, lease.partition)
}
