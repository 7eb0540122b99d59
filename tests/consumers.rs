//! Consumers on both stores: what they make of the feed while others run, pause, die and write.

mod notes;
mod shelf;
mod storm;
