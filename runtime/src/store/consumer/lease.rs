//! Leases: who runs a partition.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::number::Position;
use crate::store::Timeline;

/// For how long nobody gets a lease of a live generation that [`swap`](super::ConsumerStore::swap) has stopped.
pub const SWAP_PAUSE: Duration = Duration::from_secs(3);

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct LeaseRequest {
    /// The worker: one id for a process's run.
    pub worker: Uuid,
    /// How long a lease lasts unless it is renewed.
    pub duration: Duration,
    /// The generations that the worker runs.
    pub wanted: Vec<Wanted>,
}

/// A generation that a worker runs.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The consumer.
    pub consumer: Arc<str>,
    /// The generation.
    pub generation: u32,
    /// The [release](super::ConsumerReads::release) of the worker; empty when it is not known.
    pub release: Arc<str>,
    /// The leases that the worker has: partition and epoch.
    pub held: Vec<(u16, u64)>,
}

/// A partition that a worker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The worker.
    pub worker: Uuid,
    /// The consumer.
    pub consumer: Arc<str>,
    /// The generation.
    pub generation: u32,
    /// Whether the generation is live, or being built.
    pub live: bool,
    /// The partition, from 0.
    pub partition: u16,
    /// How many partitions the generation has.
    pub partitions: u16,
    /// Grows whenever the lease changes hands.
    pub epoch: u64,
    /// Where the partition's checkpoint stood when the lease was claimed or renewed.
    pub position: Position,
    /// The timeline that it was granted on. On another one it is lost, whatever its epoch.
    pub timeline: Timeline,
}
