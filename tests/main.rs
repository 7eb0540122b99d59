//! The promises of Kenning, each with the adversary that would break it.

mod app;
mod lock;
mod macros;
mod memory;
mod postgres;
mod schema;
mod support;
