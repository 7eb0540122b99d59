//! What an application asks of the engine, whatever its store.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{ConsumerStatus, RunError};
use crate::number::Position;
use crate::read_model::Row;
use crate::store::{
    BoxFuture, ConsumerRecord, Parked, ParkedQuery, ParkedRequest, Select, Start, StoreError, Table,
};
use crate::stream::StreamName;

/// Something that runs beside the consumers, and causes events for them.
pub(crate) trait Beside: Send + Sync {
    /// Whether it has nothing to do by itself.
    fn is_idle(&self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Whether events that were not there at first have to be done as well.
    fn waits_for_more(&self) -> bool {
        false
    }
}

/// The engine without the type of its store.
pub(crate) trait ReadSide: Send + Sync {
    /// The live table of a read model; `None`: the read model is not registered.
    fn table(&self, read_model: TypeId) -> Option<Arc<Table>>;

    /// Rows of a read model.
    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// How many rows match.
    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Runs the consumers until the token fires or the application is closed, then drains.
    fn run(&self, stop: CancellationToken) -> BoxFuture<'_, Result<(), RunError>>;

    /// Runs the consumers until they have done what was there, and what is beside them is idle, then drains.
    fn run_until_idle<'a>(&'a self, beside: &'a dyn Beside) -> BoxFuture<'a, Result<(), RunError>>;

    /// The name of a registered consumer.
    fn name(&self, consumer: TypeId) -> Option<Arc<str>>;

    /// How all consumers are that the store knows.
    fn status(&self) -> BoxFuture<'_, Result<Vec<ConsumerStatus>, StoreError>>;

    /// What the store knows of one consumer.
    fn records<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Vec<ConsumerRecord>, StoreError>>;

    /// The last position drawn.
    fn drawn(&self) -> BoxFuture<'_, Result<Position, StoreError>>;

    /// Lists parked events.
    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>>;

    /// Asks for a parked event to be tried again or passed over.
    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Pauses a consumer, or lets it go on.
    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Lets a rebuild with failed events replace the live table.
    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Whether the application declares a consumer.
    fn declares(&self, consumer: &str) -> bool;

    /// Forgets a consumer.
    fn forget<'a>(&'a self, consumer: &'a str, with_table: bool) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Puts a consumer elsewhere, with an empty table.
    fn reset<'a>(&'a self, consumer: &'a str, start: Start) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Begins to build a registered consumer anew, or goes on with it; returns the generation, or `None` when it is not registered.
    fn rebuild<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Option<u32>, StoreError>>;

    /// Waits until a consumer has done a stream's event at a position; `false`: it has not in time.
    fn wait<'a>(
        &'a self,
        consumer: TypeId,
        stream: &'a StreamName,
        position: Position,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Whether a registered consumer handles an event at all.
    fn handles(&self, consumer: TypeId, event: &str) -> bool;
}
