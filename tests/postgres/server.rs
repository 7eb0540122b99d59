//! The server under a store changes: it fails over, becomes read-only, is restored to an earlier time, or is down.

mod change;
mod down;
mod locked;
mod locks;
mod positions;
mod read_only;
mod recovery;
mod replication;
mod wrong;
