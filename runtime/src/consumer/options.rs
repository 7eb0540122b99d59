//! How a consumer is run.

use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::limits::MAX_PAGE;
use crate::store::Start;

/// How a consumer is run. What is not said has a default that does for most.
///
/// ```
/// # use std::time::Duration;
/// use kenning::ConsumerOptions;
///
/// let options = ConsumerOptions::new().partitions(4).attempts(3).backoff(Duration::from_millis(50), Duration::from_secs(5));
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ConsumerOptions {
    pub(crate) batch: NonZeroUsize,
    pub(crate) partitions: NonZeroU16,
    pub(crate) attempts: NonZeroU32,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) park_limit: NonZeroU32,
    pub(crate) timeout: Duration,
    /// `None`: nothing is said.
    pub(crate) start: Option<Start>,
    pub(crate) renamed_from: Option<Arc<str>>,
    pub(crate) rows: NonZeroUsize,
    pub(crate) concurrency: NonZeroUsize,
}

/// No pause and no timeout is longer: a year. What is later has no date in a database.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The most partitions of a consumer.
const MAX_PARTITIONS: u16 = 256;

impl ConsumerOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            batch: const { NonZeroUsize::new(1_000).unwrap() },
            partitions: NonZeroU16::MIN,
            attempts: const { NonZeroU32::new(8).unwrap() },
            backoff: (Duration::from_millis(100), Duration::from_secs(30)),
            park_limit: const { NonZeroU32::new(100).unwrap() },
            timeout: Duration::from_secs(30),
            start: None,
            renamed_from: None,
            rows: const { NonZeroUsize::new(32_768).unwrap() },
            concurrency: const { NonZeroUsize::new(32).unwrap() },
        }
    }

    /// How many events are handled in one transaction at the most; 1,000 if nothing is said, at least 1, at most
    /// [`MAX_PAGE`](crate::limits::MAX_PAGE).
    pub fn batch(mut self, events: usize) -> Self {
        self.batch = NonZeroUsize::new(events.min(MAX_PAGE)).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// In how many parts the streams are divided, each worked through by itself, in one process or several; 1 if nothing is said, at most 256. All events of a
    /// stream are of one partition, so their order is kept; between partitions there is none. The number is fixed once the consumer is there: raise its version to change it.
    ///
    /// A read model whose rows are reached by computed keys has one partition.
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.partitions = NonZeroU16::new(partitions.min(MAX_PARTITIONS)).unwrap_or(NonZeroU16::MIN);
        self
    }

    /// How often a handler of a projection or a reactor is tried on an event before the event is parked; 8 if nothing is said, at least 1. What cannot be helped by
    /// trying again, as an event that cannot be decoded or a handler of a read model that fails, is parked at once; what is no fault of the event, as a lost connection, is tried for
    /// ever.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// How long the pauses between two attempts are: up to `first` after the first failure, twice as long after each further one, up to `longest`; 100 ms and 30 s
    /// if nothing is said. Each pause is drawn by chance between nothing and that.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = (first.min(LONGEST), longest.max(first).min(LONGEST));
        self
    }

    /// How many events a partition may park in a row, with none handled between them, before the
    /// consumer pauses itself and says why in its [status](crate::ConsumerStatus::pause_reason). Default:
    /// 100; minimum: 1. [`resume`](crate::ConsumerHandle::resume) lets it continue.
    pub fn park_limit(mut self, events: u32) -> Self {
        self.park_limit = NonZeroU32::new(events).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// How long a handler of a projection may take for what it is given at once, and one of a reactor for an event; 30 s if nothing is said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(LONGEST);
        self
    }

    /// Where the consumer begins when it is there for the first time. Default: at the beginning.
    ///
    /// A reactor or a saga acts on what it reads. When one is new to a store that has events,
    /// `build` fails until this is said: [`Start::End`] for events from now on, [`Start::At`] for
    /// events since a time, [`Start::Beginning`] for all of them.
    pub fn start(mut self, start: Start) -> Self {
        self.start = Some(start);
        self
    }

    /// The name that the consumer had before. When `run` begins, it takes over the checkpoint and
    /// the parked events of that name, if the store has no consumer of the new name. The ids and
    /// keys of a reactor's effects stay those of its first name. Processes that know a former name
    /// alone do not run the consumer, and say so in the log; `build` fails for another consumer that
    /// has a former name, until this one is [forgotten](crate::ConsumerHandle::forget). For
    /// projections and reactors; `renamed_from = "…"` in their attributes says the same.
    pub fn renamed_from(mut self, name: impl Into<Arc<str>>) -> Self {
        self.renamed_from = Some(name.into());
        self
    }

    /// How many rows of a read model are kept at hand for each partition, so that they need not be read again; 32,768 if nothing is said, at least 1.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How many events a reactor handles at a time in each partition, each of another stream; 32 if nothing is said, at least 1.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.concurrency = NonZeroUsize::new(events).unwrap_or(NonZeroUsize::MIN);
        self
    }
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self::new()
    }
}
