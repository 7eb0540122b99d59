//! The promises of Kenning, each with the adversary that would break it.

mod app;
mod macros;
mod lock;
mod memory;
mod postgres;
mod schema;
mod support;
