//! Consumers: leases, checkpoints, parked events and the tables of read models.

pub(super) mod column;
pub(super) mod name;
pub(super) mod value;
