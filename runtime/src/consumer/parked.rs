//! Parked events, as operators see them.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;

use super::{ConsumerError, ReadSide};
use crate::number::Position;
use crate::recorded::RecordedEvent;
use crate::store::{EventStore, Parked, ParkedQuery, ParkedRequest, StoreError, StreamQuery};
use crate::stream::StreamName;

/// The events that consumers could not handle, and those that wait behind them in their streams.
///
/// ```
/// # async fn look(app: kenning::Kenning) -> Result<(), Box<dyn std::error::Error>> {
/// for parked in app.parked().consumer("order_summaries").failed().list().await? {
///     println!("{} version {}: {}", parked.stream, parked.version, parked.error.as_deref().unwrap_or("waits"));
///     app.parked().retry(&parked).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "parked events are listed by `list`"]
pub struct ParkedEvents {
    read_side: Option<Arc<dyn ReadSide>>,
    store: Arc<dyn EventStore>,
    query: ParkedQuery,
}

impl ParkedEvents {
    pub(crate) fn new(read_side: Option<Arc<dyn ReadSide>>, store: Arc<dyn EventStore>) -> Self {
        Self { read_side, store, query: ParkedQuery::default() }
    }

    /// Only those of one consumer.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.query.consumer = Some(name.into());
        self
    }

    /// Only those of one stream.
    pub fn stream(mut self, stream: &StreamName) -> Self {
        self.query.stream = Some(stream.clone());
        self
    }

    /// Only those that could not be handled, without those that wait behind them.
    pub fn failed(mut self) -> Self {
        self.query.failed_only = true;
        self
    }

    /// Only those that come after this one in the list.
    pub fn after(mut self, parked: &Parked) -> Self {
        self.query.after = Some((parked.consumer.to_string(), parked.position));
        self
    }

    /// At most so many; 100 if nothing is said.
    pub fn limit(mut self, events: u32) -> Self {
        self.query.limit = events;
        self
    }

    /// Lists them, by consumer and position.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn list(&self) -> Result<Vec<Parked>, ConsumerError> {
        match &self.read_side {
            Some(read_side) => Ok(read_side.parked(&self.query).await?),
            None => Ok(Vec::new()),
        }
    }

    /// One of them, with the event; `None`: no such event is parked.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn show(
        &self,
        consumer: &str,
        position: impl Into<Position>,
    ) -> Result<Option<(Parked, RecordedEvent)>, ConsumerError> {
        let Some(read_side) = &self.read_side else { return Ok(None) };
        let position = position.into();
        let query = ParkedQuery {
            consumer: Some(consumer.to_owned()),
            after: Some((consumer.to_owned(), Position::new(position.get().saturating_sub(1)))),
            limit: 1,
            ..ParkedQuery::default()
        };
        let found = read_side.parked(&query).await?.pop().filter(|parked| parked.position == position);
        let Some(parked) = found else { return Ok(None) };
        let query = StreamQuery::forwards(parked.stream.clone()).from(parked.version).limit(1);
        match self.store.read_stream(query).next().await.transpose()? {
            Some(event) => Ok(Some((parked, event))),
            None => Err(StoreError::Corrupt(format!(
                "version {} of {}, which is parked, is not in its stream",
                parked.version, parked.stream
            ))
            .into()),
        }
    }

    /// Asks for an event to be tried again, and after it those that wait behind it, in their order, until one fails again. Whoever runs the consumer does it in its own
    /// time, within about a second.
    ///
    /// # Errors
    /// When the event is not parked, or the store cannot be asked.
    pub async fn retry(&self, parked: &Parked) -> Result<(), ConsumerError> {
        self.request(parked, ParkedRequest::Retry).await
    }

    /// Asks for an event to be passed over, for a reason that is logged; those that wait behind it are tried.
    ///
    /// # Errors
    /// As [`retry`](Self::retry).
    pub async fn discard(&self, parked: &Parked, reason: impl Into<String>) -> Result<(), ConsumerError> {
        self.request(parked, ParkedRequest::Discard { reason: reason.into() }).await
    }

    async fn request(&self, parked: &Parked, request: ParkedRequest) -> Result<(), ConsumerError> {
        let not_found =
            || ConsumerError::NotParked { consumer: parked.consumer.to_string(), position: parked.position };
        let read_side = self.read_side.as_ref().ok_or_else(not_found)?;
        let there = read_side.request(&parked.consumer, parked.position, request).await?;
        if there { Ok(()) } else { Err(not_found()) }
    }
}

impl fmt::Debug for ParkedEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkedEvents").field("query", &self.query).finish_non_exhaustive()
    }
}
