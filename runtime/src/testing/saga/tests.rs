//! The test kit on sagas of its own.

mod explore;
mod faults;
mod given;
mod invariants;
mod order;
mod trip;
