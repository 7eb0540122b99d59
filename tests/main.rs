//! The promises of Kenning, each with the adversary that would break it.

#![allow(clippy::unwrap_used, reason = "a test says by panicking what was not as it had to be")]
#![allow(unreachable_pub, reason = "a test binary has no outside; `pub` tells what a module is for")]

mod adversary;
mod app;
mod bites;
mod catalog;
mod consumers;
mod couriers;
mod failover;
mod followers;
mod guards;
mod lock;
mod macros;
mod memory;
mod postgres;
mod projection;
mod query;
mod reactors;
mod readme;
mod releases;
mod sagas;
mod schema;
mod support;
