//! The application on both stores.

mod account;
mod commands;
mod once;
mod snapshots;
