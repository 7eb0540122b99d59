//! The engine on the memory store, on tokio's paused time.

mod flaky;
mod follow;
mod key;
mod leases;
mod operate;
mod park;
mod react;
mod rebuild;
mod support;
mod wait;
