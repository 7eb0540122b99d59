//! Times and retries of a saga.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::consumer::ConsumerOptions;

/// How often, how soon and for how long a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often at the most; `None`: until it succeeds or fails for good.
    pub attempts: Option<u32>,
    /// The longest pause after the first attempt. Each further one may be twice as long; each is drawn by chance between half of that and that.
    pub first: Duration,
    /// No pause is longer.
    pub longest: Duration,
    /// No attempt is begun later than this after the first one began.
    pub within: Option<Duration>,
}

impl Retry {
    /// Steps before the pivot that say nothing: 5 attempts, pauses of 100 ms to 10 s.
    pub const STEP: Self = Self {
        attempts: Some(5),
        first: Duration::from_millis(100),
        longest: Duration::from_secs(10),
        within: None,
    };

    /// The pivot and what comes after it: for ever, pauses of 100 ms to 1 min.
    pub const FOREVER: Self = Self {
        attempts: None,
        first: Duration::from_millis(100),
        longest: Duration::from_secs(60),
        within: None,
    };

    /// Undos that say nothing: 10 attempts, pauses of 100 ms to 30 s; after them the instance is parked.
    pub const UNDO: Self = Self {
        attempts: Some(10),
        first: Duration::from_millis(100),
        longest: Duration::from_secs(30),
        within: None,
    };
}

/// How long a saga may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SagaTimes {
    /// When the pivot is not done so long after the start, the instance is compensated. `None`: it may take for ever.
    pub deadline: Option<Duration>,
}

impl SagaTimes {
    /// No deadline.
    pub const UNLIMITED: Self = Self { deadline: None };
}

/// How the sagas of an application are run. What is not said has a default that does for most.
///
/// ```
/// use kenning::saga::SagaOptions;
///
/// let options = SagaOptions::new().concurrency(256);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SagaOptions {
    pub(crate) concurrency: NonZeroUsize,
    pub(crate) poll: Duration,
    pub(crate) retention: Duration,
    pub(crate) consumer: ConsumerOptions,
    pub(crate) hold_timeouts: Duration,
    pub(crate) blocking_threads: NonZeroUsize,
}

impl SagaOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            concurrency: const { NonZeroUsize::new(64).unwrap() },
            poll: Duration::from_millis(500),
            retention: Duration::MAX,
            consumer: ConsumerOptions::new(),
            hold_timeouts: Duration::from_secs(60 * 60),
            blocking_threads: const { NonZeroUsize::new(64).unwrap() },
        }
    }

    /// How many instances a process works on at once, of all sagas together. Default: 64; minimum: 1.
    /// Instances that wait, for an event or for their next attempt, do not count.
    ///
    /// Sagas share the slots evenly. An eighth of them, at least one, is kept for sagas that use few, so
    /// that a saga whose steps are slow does not take all.
    pub fn concurrency(mut self, instances: usize) -> Self {
        self.concurrency = NonZeroUsize::new(instances).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How often a database is asked for instances that other processes have made due. Default: 500 ms;
    /// minimum: 1 ms. It does not delay what is due by time or by this process. The memory store tells
    /// when something becomes due and is not polled.
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every.max(Duration::from_millis(1));
        self
    }

    /// Maximum number of threads for functions of steps and undos that are not `async`. Default: 64, at least 1.
    ///
    /// An attempt that finds all of them taken waits for one; that counts for its timeout. A function that has not returned
    /// when its timeout is over keeps its thread until it returns.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.blocking_threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How long the timeout of a wait is held back at the most. Default: 1 h.
    ///
    /// A timeout is recorded once the saga's consumer has handled every event that was recorded before it was due: an
    /// event that was in the feed in time wins, however late it is read. While the consumer is paused, or behind, or the
    /// event is parked for it, timeouts wait, up to this time. Then they are recorded all the same, and a warning says so.
    pub fn hold_timeouts(mut self, longest: Duration) -> Self {
        self.hold_timeouts = longest;
        self
    }

    /// How long an instance is kept after it has ended, with its log. Default: for ever
    /// (`Duration::MAX`), since an id that is kept is never started twice.
    ///
    /// The time counts by the clock of the database. Parked, waiting and running instances are never
    /// forgotten. When an instance is forgotten, a start with its id starts a new instance: also an
    /// event that is handled again because the saga's consumer was reset. So choose an age after which
    /// no id is started again. Events that were kept for an instance that was never started are
    /// forgotten after the same time, and so are the descriptions of definitions that no process uses.
    /// Processes that run sagas look for old instances every 10 minutes.
    ///
    /// [`SagaHandle::forget`](super::SagaHandle::forget) forgets one instance at once.
    pub fn retention(mut self, age: Duration) -> Self {
        self.retention = age;
        self
    }

    /// How the consumers are run that start instances and bring them their events. They have one partition unless this says otherwise: events of two streams come in their order then.
    pub fn consumer(mut self, options: ConsumerOptions) -> Self {
        self.consumer = options;
        self
    }
}

impl Default for SagaOptions {
    fn default() -> Self {
        Self::new()
    }
}
