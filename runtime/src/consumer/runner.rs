//! What is done with the events of a batch.

use std::sync::Arc;

use tokio::sync::Notify;

use super::ConsumerOptions;
use super::page::EventRef;
use crate::app::{Inlines, Registry};
use crate::clock::Clock;
use crate::number::Position;
use crate::payload::DecodeError;
use crate::projection::HandlerError;
use crate::store::{BoxFuture, ConsumerStore, StoreError, Table};
use crate::stream::StreamName;

/// What a consumer does with events, on a store `S`.
pub(crate) trait Runner<S>: Send + Sync {
    /// Begins to work on a partition, with the table to be written if it is a read model.
    /// `first_name`: what the consumer was called when the store first had it.
    fn session(
        &self,
        options: &ConsumerOptions,
        first_name: &Arc<str>,
        table: Option<Table>,
        application: &Application<S>,
    ) -> Box<dyn Session<S>>
    where
        S: ConsumerStore;

    /// Prepares the tables of a projection within the transaction in which it starts again.
    fn begin<'a>(&'a self, transaction: &'a mut S::Transaction) -> BoxFuture<'a, Result<(), HandlerError>>
    where
        S: ConsumerStore,
    {
        let _: &mut S::Transaction = transaction;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a session may use of the application that it runs in.
pub(crate) struct Application<S> {
    /// The aggregates.
    pub(super) registry: Arc<Registry>,
    /// What follows appends in their transactions.
    pub(super) inlines: Option<Arc<Inlines<S>>>,
    pub(super) clock: Clock,
    /// The categories of the aggregates, with the names of their events.
    pub(super) aggregates: Arc<[(&'static str, Vec<&'static str>)]>,
}

impl<S> Application<S> {
    /// Why an event cannot be appended to a stream: it is one of an aggregate that does not know it, and
    /// could not be loaded any more.
    pub(super) fn refuses(&self, stream: &StreamName, event: &str) -> Option<String> {
        let (category, _) = self
            .aggregates
            .iter()
            .find(|(category, events)| *category == stream.category() && !events.contains(&event))?;
        Some(format!(
            "`{event}` cannot be appended to {stream}: the aggregate `{category}` does not have it among its \
             events and could not be loaded any more; add it to the aggregate's event set, or append it to a \
             stream of another category"
        ))
    }
}

impl<S> Clone for Application<S> {
    fn clone(&self) -> Self {
        let (registry, inlines) = (Arc::clone(&self.registry), self.inlines.clone());
        let aggregates = Arc::clone(&self.aggregates);
        Self { registry, inlines, clock: self.clock.clone(), aggregates }
    }
}

/// What the transaction of a batch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// The checkpoint alone.
    Nothing,
    /// Whatever the handler writes.
    Anything,
    /// Events, of which readers of the feed want to know.
    Events,
}

/// The work on one partition, with whatever it keeps at hand from batch to batch while the lease is held.
pub(crate) trait Session<S: ConsumerStore>: Send + Sync {
    /// Does what can be done of the events before there is a transaction, and says what that is for.
    fn prepare<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<Writes, Failure>> {
        let _: (&Arc<S>, &[EventRef]) = (store, events);
        Box::pin(std::future::ready(Ok(Writes::Anything)))
    }

    /// Handles events in a transaction.
    fn handle<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        transaction: &'a mut S::Transaction,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// The transaction of the last call was committed, and everything up to a position is done with.
    fn committed<'a>(&'a mut self, store: &'a Arc<S>, to: Position) -> BoxFuture<'a, ()>;

    /// The transaction of the last call was not committed.
    fn forget(&mut self);

    /// It is not known whether the transaction of the last call was committed.
    fn lose(&mut self) {
        self.forget();
    }

    /// Notified when a [slow](Poison::slow) handler has ended.
    fn called(&self) -> Option<Arc<Notify>> {
        None
    }

    /// The streams whose slow handlers have ended since the last call.
    fn take_called(&mut self) -> Vec<StreamName> {
        Vec::new()
    }
}

/// Why events were not handled.
pub(crate) enum Failure {
    /// It is no fault of the events.
    Store(StoreError),
    /// Others have written to the same streams: the same again, with what they have written, may succeed at once.
    Collision(StoreError),
    /// One of them cannot be handled.
    Poison(Poison),
}

/// An event that cannot be handled.
#[derive(Clone)]
pub(crate) struct Poison {
    /// Its place in the batch, if that is known.
    pub(super) at: Option<usize>,
    /// What is wrong with it.
    pub(super) reason: String,
    /// Whether it fails again for certain.
    pub(super) for_good: bool,
    /// The handler was left in the middle of something: its transaction may not answer soon.
    pub(super) stuck: bool,
    /// Its handler has not ended, and runs beside the events of other streams.
    pub(super) slow: bool,
    /// A newer release may be able to: the event that cannot be read here.
    pub(super) newer: Option<Newer>,
}

/// An event that this release does not know.
#[derive(Clone, Debug)]
pub(crate) struct Newer {
    pub(super) name: String,
    /// `None`: the name is unknown.
    pub(super) version: Option<u32>,
}

impl Newer {
    /// The event, when it was not read because another release has written it.
    pub(super) fn of(error: &DecodeError) -> Option<Self> {
        match error {
            DecodeError::UnknownName { name } => Some(Self { name: name.clone(), version: None }),
            DecodeError::UnknownVersion { name, found, known } if found > known => {
                Some(Self { name: name.clone(), version: Some(*found) })
            }
            _ => None,
        }
    }
}

impl Poison {
    /// An event that fails again for certain.
    pub(super) fn for_good(at: Option<usize>, reason: String) -> Self {
        Self { at, reason, for_good: true, stuck: false, slow: false, newer: None }
    }

    /// A batch that may succeed another time.
    pub(super) fn this_time(reason: String) -> Self {
        Self { at: None, reason, for_good: false, stuck: false, slow: false, newer: None }
    }
}

impl Failure {
    /// An event that fails again for certain.
    pub(crate) fn for_good(at: impl Into<Option<usize>>, reason: String) -> Self {
        Self::Poison(Poison::for_good(at.into(), reason))
    }

    /// A batch that may succeed another time.
    pub(super) fn this_time(reason: String, stuck: bool) -> Self {
        Self::Poison(Poison { at: None, reason, for_good: false, stuck, slow: false, newer: None })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
