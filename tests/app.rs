//! The application on both stores.

mod account;
mod bodies;
mod commands;
mod indexed;
mod once;
mod panics;
mod snapshots;
mod values;
