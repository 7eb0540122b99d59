//! How consumers are.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::board::{Board, Cell};
use crate::number::Position;
use crate::store::{ConsumerRecord, PartitionRecord};

/// How a consumer is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConsumerStatus {
    /// Its name.
    pub name: Arc<str>,
    /// The persisted name of its kind: `read_model` or `projection`.
    pub kind: Arc<str>,
    /// The version that is live.
    pub version: u32,
    /// Whether it is paused.
    pub paused: bool,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionStatus>,
    /// How many positions of the feed the furthest partition is behind. Not each of them is an event that it wants.
    pub lag_positions: u64,
    /// How old the first event is that it could still have to do; zero while it has done all.
    pub lag: Duration,
    /// How many of its events could not be handled.
    pub failed: u64,
    /// How many wait behind others of their stream.
    pub waiting: u64,
    /// How many have failed and are tried again by themselves.
    pub retrying: u64,
    /// Why it has paused itself; see [`park_limit`](crate::ConsumerOptions::park_limit).
    pub pause_reason: Option<Arc<str>>,
    /// What is being built to take its place.
    pub building: Option<Building>,
    /// What it last failed with in this process, while it has not got on since; or the event for
    /// which it waits, which no running release can read.
    pub problem: Option<String>,
}

/// How a partition is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// Its number, from 0.
    pub partition: u16,
    /// Everything up to here is done, or parked.
    pub position: Position,
    /// How often its lease has changed hands.
    pub epoch: u64,
    /// The worker that runs it, if any does.
    pub worker: Option<Uuid>,
    /// Whether it is run by this process.
    pub here: bool,
    /// The event that the partition waits with: no release runs that can read it.
    pub waits_for: Option<WaitsFor>,
}

/// An event that a partition cannot do before a release runs that can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitsFor {
    /// The persisted name of the event.
    pub event: Arc<str>,
    /// The version of its payload.
    pub version: u32,
    /// Its position.
    pub position: Position,
}

impl std::fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { event, version, position } = self;
        write!(f, "waits for a release that reads `{event}` version {version}, at position {position}")
    }
}

pub(super) fn waits_for(partition: &PartitionRecord) -> Option<WaitsFor> {
    let needs = partition.blocked().filter(|_| partition.worker.is_none())?;
    Some(WaitsFor { event: Arc::clone(&needs.name), version: needs.version, position: needs.position })
}

/// A generation that is being built to take the place of the live one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Building {
    /// Its number.
    pub generation: u32,
    /// Its version.
    pub version: u32,
    /// How many positions of the feed it has done, on the average of its partitions.
    pub done: u64,
    /// Of how many.
    pub of: u64,
    /// How many events could not be handled.
    pub failed: u64,
    /// Why it cannot replace the live one: events have failed, or it has paused itself.
    pub blocked: Option<String>,
    /// What it last failed with in this process, while it has not got on since.
    pub problem: Option<String>,
}

/// The status of every consumer, from what the store knows of all their generations.
pub(super) fn statuses(
    records: &[ConsumerRecord],
    board: &Board,
    drawn: Position,
    now: OffsetDateTime,
) -> Vec<ConsumerStatus> {
    let live = records.iter().filter(|record| record.live);
    live.map(|record| {
        let building = records.iter().find(|other| !other.live && other.name == record.name);
        status(record, building, board, drawn, now)
    })
    .collect()
}

fn status(
    record: &ConsumerRecord,
    building: Option<&ConsumerRecord>,
    board: &Board,
    drawn: Position,
    now: OffsetDateTime,
) -> ConsumerStatus {
    let behind = |partition: &PartitionRecord| {
        if partition.next_recorded_at.is_none() {
            // The last positions that were drawn belong to nobody.
            return 0;
        }
        let position = cell(board, record, partition).map_or(partition.position, |cell| cell.position);
        drawn.get().saturating_sub(position.get().max(partition.position.get()))
    };
    let oldest = record.partitions.iter().filter(|partition| behind(partition) > 0);
    let oldest = oldest.filter_map(|partition| partition.next_recorded_at).min();
    ConsumerStatus {
        name: Arc::clone(&record.name),
        kind: Arc::clone(&record.kind),
        version: record.version,
        paused: record.paused,
        partitions: record
            .partitions
            .iter()
            .map(|partition| PartitionStatus {
                partition: partition.partition,
                position: partition.position,
                epoch: partition.epoch,
                worker: partition.worker,
                here: cell(board, record, partition).is_some(),
                waits_for: waits_for(partition),
            })
            .collect(),
        lag_positions: record.partitions.iter().map(behind).max().unwrap_or(0),
        lag: oldest.and_then(|oldest| Duration::try_from(now - oldest).ok()).unwrap_or_default(),
        failed: record.failed,
        waiting: record.waiting,
        retrying: record.retrying,
        pause_reason: record.pause_reason.clone(),
        building: building.map(|building| Building {
            generation: building.generation,
            version: building.version,
            done: done(building),
            of: drawn.get(),
            failed: building.failed,
            blocked: blocked(building),
            problem: problem(board, building),
        }),
        problem: problem(board, record),
    }
}

/// Why a generation that is being built cannot replace the live one.
pub(super) fn blocked(building: &ConsumerRecord) -> Option<String> {
    if let Some(reason) = &building.pause_reason {
        return Some(reason.to_string());
    }
    let failed = building.failed;
    (failed > 0 && building.replace_anyway.is_none()).then(|| {
        format!(
            "{failed} of its events failed: retry or discard them, raise the version, \
             or say `replace_anyway`; the table that is live stays until then"
        )
    })
}

/// How many positions a generation has done, on the average of its partitions.
pub(super) fn done(record: &ConsumerRecord) -> u64 {
    let sum: u128 = record.partitions.iter().map(|partition| u128::from(partition.position.get())).sum();
    let average = sum / (record.partitions.len().max(1) as u128);
    u64::try_from(average).unwrap_or(u64::MAX)
}

fn problem(board: &Board, record: &ConsumerRecord) -> Option<String> {
    let failing = record.partitions.iter().find_map(|partition| cell(board, record, partition)?.problem);
    let paused = || record.pause_reason.as_ref().map(ToString::to_string);
    let waits = || Some(record.partitions.iter().find_map(waits_for)?.to_string());
    failing.or_else(paused).or_else(waits)
}

/// The partition, if this process runs it.
fn cell(board: &Board, record: &ConsumerRecord, partition: &PartitionRecord) -> Option<Cell> {
    let id = (Arc::clone(&record.name), record.generation, partition.partition);
    board.get(&id).filter(|cell| cell.epoch == partition.epoch)
}
