//! The test kit on sagas of its own.

mod event;
mod explore;
mod faults;
mod given;
mod invariants;
mod operator;
mod order;
mod trip;
mod upgrade;
