//! What the tests share with the processes that they start.

pub mod failover;
pub mod meters;
pub mod parcels;
pub mod releases;
pub mod storm;
