//! The workloads, by name.

mod catch_up;
mod commands;
mod compile;
mod feed;
mod large;
mod memory;
mod processes;
mod read_side;
mod rebuild;
mod rehydrate;
mod sagas;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use self::catch_up::Locality;
pub(crate) use self::large::Size;
use self::large::What;
pub(crate) use self::processes::child;
pub(crate) use self::rebuild::child as rebuild_child;
pub(crate) use self::sagas::idle_child;
use crate::Result;
use crate::measure::{BoxFuture, Workload};

/// What every workload is given.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) url: String,
    /// How much the large store of the workloads `large-…` has.
    pub(crate) size: Size,
}

/// How many connections each side has.
pub(crate) const CONNECTIONS: u32 = 32;

impl Context {
    /// A pool for one floor, alike in all that matters to the one that the library makes for itself.
    pub(crate) async fn pool(&self) -> Result<PgPool> {
        Ok(PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect(&self.url)
            .await?)
    }
}

type Prepare = fn(&Context) -> BoxFuture<Workload>;

/// In the order in which they run.
pub(crate) const ALL: &[(&str, Prepare)] = &[
    ("commands-64", |context| Box::pin(commands::many(context.clone(), 64))),
    ("commands-16", |context| Box::pin(commands::many(context.clone(), 16))),
    ("commands-1", |context| Box::pin(commands::one(context.clone()))),
    ("ten-events", |context| Box::pin(commands::ten_events(context.clone()))),
    ("one-stream", |context| Box::pin(commands::one_stream(context.clone()))),
    ("two-processes", |context| Box::pin(processes::two_processes(context.clone()))),
    ("rehydrate-1000", |context| Box::pin(rehydrate::rehydrate(context.clone(), 1_000))),
    ("rehydrate-10000", |context| Box::pin(rehydrate::rehydrate(context.clone(), 10_000))),
    ("memory", |_| Box::pin(memory::memory())),
    ("feed-writers", |context| Box::pin(feed::writers(context.clone()))),
    ("feed-latency", |context| Box::pin(feed::latency(context.clone()))),
    ("catch-up", |context| Box::pin(catch_up::read_model(context.clone(), Locality::None))),
    ("catch-up-local", |context| Box::pin(catch_up::read_model(context.clone(), Locality::Streams))),
    ("partitions", |context| Box::pin(catch_up::partitions(context.clone()))),
    ("projection", |context| Box::pin(catch_up::projection(context.clone()))),
    ("read-latency", |context| Box::pin(read_side::latency(context.clone()))),
    ("ten-consumers-64", |context| Box::pin(read_side::ten_consumers(context.clone(), 64))),
    ("ten-consumers-1", |context| Box::pin(read_side::ten_consumers(context.clone(), 1))),
    ("rebuild-memory", |context| Box::pin(rebuild::memory(context.clone()))),
    ("saga-steps", |context| Box::pin(sagas::steps(context.clone()))),
    ("saga-alone", |context| Box::pin(sagas::alone(context.clone()))),
    ("saga-closed", |context| Box::pin(sagas::closed(context.clone()))),
    ("saga-two", |context| Box::pin(sagas::many(context.clone(), 2, 64))),
    ("saga-twenty", |context| Box::pin(sagas::many(context.clone(), 20, 8))),
    ("saga-writes", |context| Box::pin(sagas::writes(context.clone()))),
    ("saga-start", |context| Box::pin(sagas::start(context.clone()))),
    ("saga-idle", |context| Box::pin(sagas::idle(context.clone()))),
    ("saga-takeover", |context| Box::pin(sagas::takeover(context.clone()))),
    ("compile", |_| Box::pin(compile::aggregates())),
    ("compile-sagas", |_| Box::pin(compile::sagas())),
    ("large-commands", |context| Box::pin(large::large(context.clone(), What::Commands))),
    ("large-loads", |context| Box::pin(large::large(context.clone(), What::Loads))),
    ("large-claims", |context| Box::pin(large::large(context.clone(), What::Claims))),
    ("large-pages", |context| Box::pin(large::large(context.clone(), What::Pages))),
    ("large-counts", |context| Box::pin(large::large(context.clone(), What::Counts))),
    ("unknown-event", |context| Box::pin(catch_up::unknown_event(context.clone()))),
    ("given-ids", |context| Box::pin(commands::given_ids(context.clone()))),
    ("cold-streams", |context| Box::pin(commands::cold(context.clone()))),
];
