//! Times and retries of a saga.

use std::time::Duration;

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
