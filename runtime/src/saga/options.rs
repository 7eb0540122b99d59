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
            consumer: ConsumerOptions::new(),
            hold_timeouts: Duration::from_secs(60 * 60),
            blocking_threads: const { NonZeroUsize::new(64).unwrap() },
        }
    }

    /// How many instances a process works on at once, of all sagas together; 64 if nothing is said, at least 1. Those that wait, for an event or for their next attempt, do not count. A quarter is divided among the sagas, so that none takes
    /// the room of all.
    pub fn concurrency(mut self, instances: usize) -> Self {
        self.concurrency = NonZeroUsize::new(instances).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How often the store is asked for instances that other processes have made due; 500 ms if nothing is said. What is due by time, or by this process, is not waited for.
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
