//! The engine on the memory store, on tokio's paused time.

mod follow;
mod support;
