//! Parked events: those that could not be handled, and those of the same stream that wait behind them.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::number::{Position, Version};
use crate::stream::StreamName;

/// An event to be parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParked {
    /// The place of the event in the feed.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its number in the stream.
    pub version: Version,
    /// Its persisted name.
    pub name: Arc<str>,
    /// Why it could not be handled, cut to 8 KiB; `None`: it waits behind another event of its stream.
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When to try it again without a request: it is set aside so that the events of other streams
    /// continue. `None`: it waits for an operator, or behind another event of its stream.
    pub retry_after: Option<Duration>,
}

/// A parked event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// The consumer that could not handle it.
    pub consumer: Arc<str>,
    /// The generation of the consumer.
    pub generation: u32,
    /// The partition of the consumer.
    pub partition: u16,
    /// The place of the event in the feed.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its number in the stream.
    pub version: Version,
    /// Its persisted name.
    pub name: Arc<str>,
    /// Why it could not be handled; `None`: it waits behind another event of its stream.
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was parked, by the store's clock.
    pub parked_at: OffsetDateTime,
    /// What was asked for and not done yet.
    pub request: Option<ParkedRequest>,
    /// When it is tried again by itself; `None`: it is parked, or waits behind another event.
    pub retry_at: Option<OffsetDateTime>,
}

impl Parked {
    /// A parked event as a store read it, of the live generation's partition 0 and without a request; set these on the value.
    #[must_use]
    pub fn new(consumer: Arc<str>, event: NewParked, parked_at: OffsetDateTime) -> Self {
        let NewParked { position, stream, version, name, error, attempts, retry_after } = event;
        let retry_at = retry_after
            .map(|after| parked_at.saturating_add(after.try_into().unwrap_or(time::Duration::MAX)));
        Self {
            consumer,
            generation: 1,
            partition: 0,
            position,
            stream,
            version,
            name,
            error,
            attempts,
            parked_at,
            request: None,
            retry_at,
        }
    }
}

/// What is to become of a parked event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParkedRequest {
    /// It is tried again, and after it those that wait behind it.
    Retry,
    /// It is passed over, for a reason that is logged, and those behind it are tried.
    Discard {
        /// Why.
        reason: String,
    },
}

/// Which parked events are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedQuery {
    /// Those of one consumer; `None`: of all.
    pub consumer: Option<String>,
    /// Those of one stream; `None`: of all.
    pub stream: Option<StreamName>,
    /// Only those that could not be handled, without those that wait behind them or are retried.
    pub failed_only: bool,
    /// Begins after this consumer and position.
    pub after: Option<(String, Position)>,
    /// At most so many; 0: 100.
    pub limit: u32,
}
