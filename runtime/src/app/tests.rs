//! The application on the memory store, alone and behind stores that misbehave.

pub(crate) mod account;
mod build;
mod cancel;
mod close;
mod conflict;
mod context;
mod faulty;
mod feed;
mod ledger;
mod load;
mod queue;
mod snapshot;
mod telemetry;
