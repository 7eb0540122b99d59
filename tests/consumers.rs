//! Consumers on both stores: what they make of the feed while others run, pause, die and write.

mod missing;
mod notes;
mod panics;
mod shelf;
mod storm;
