//! Consumers on both stores: what they make of the feed while others run, pause, die and write.

mod aside;
mod idle;
mod missing;
mod notes;
mod panics;
mod replace;
mod shelf;
mod stored;
mod storm;
