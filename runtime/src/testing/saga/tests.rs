//! The test kit on sagas of its own.

mod given;
mod order;
