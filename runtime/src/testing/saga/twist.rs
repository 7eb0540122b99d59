//! What goes wrong in a run.

use std::fmt;
use std::sync::Arc;

use crate::saga::Direction;

/// One thing that goes otherwise than it would by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Twist {
    /// The process ends, with everything that it had in memory; another begins.
    Dies(Moment),
    /// The process is stopped, another begins, and the first goes on later.
    Stops(Moment, Until),
    /// Somebody cancels the instances.
    Cancelled(Moment),
    /// Somebody cancels the instance when it comes to a step.
    CancelledAt(Arc<str>),
    /// Attempts at an effect go wrong.
    Attempt(Effect, Times, Misdeed),
    /// An event comes at another time.
    Event(usize, Arrival),
}

/// A place in what a process does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Moment {
    pub(super) before: bool,
    pub(super) what: Arc<str>,
    /// The how many-th time this is done in the run, from 1.
    pub(super) nth: u32,
}

/// When a process that was stopped goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Until {
    TakenOver,
    Over,
}

/// A step of an instance, or its undo; the step without a name is the command of the failed saga.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Effect {
    pub(super) id: Arc<str>,
    pub(super) step: Arc<str>,
    pub(super) direction: Direction,
}

/// Which attempts go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Times {
    Nth(u32),
    /// So many, from the first on.
    First(u32),
}

/// How an attempt goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Misdeed {
    /// It says no: it was not done and never will be.
    Fails(String),
    /// It says to try again; whether it was done.
    Retries { done: bool },
    /// It does not come back in time; whether it was done.
    Hangs { done: bool },
    /// It panics; whether it was done.
    Panics { done: bool },
}

/// When an event comes. By itself it comes a second after its wait has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arrival {
    /// Before any step.
    AtStart,
    /// At the moment at which its wait begins.
    AtOnce,
    JustBefore,
    AtTimeout,
    JustAfter,
    Never,
    Twice,
}

impl Times {
    pub(super) fn has(self, nth: u32) -> bool {
        match self {
            Self::Nth(one) => nth == one,
            Self::First(many) => nth <= many,
        }
    }
}

impl Misdeed {
    /// Whether the effect is done all the same.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Fails(_) => false,
            Self::Retries { done } | Self::Hangs { done } | Self::Panics { done } => *done,
        }
    }
}

impl fmt::Display for Twist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dies(moment) => write!(f, "the process dies {moment}, and another goes on"),
            Self::Stops(moment, Until::TakenOver) => {
                write!(f, "the process is stopped {moment}, and goes on when another has taken over")
            }
            Self::Stops(moment, Until::Over) => {
                write!(f, "the process is stopped {moment}, and goes on when another has finished")
            }
            Self::Cancelled(moment) => write!(f, "the instance is cancelled {moment}"),
            Self::CancelledAt(step) => write!(f, "the instance is cancelled at `{step}`"),
            Self::Attempt(effect, times, misdeed) => {
                match times {
                    Times::Nth(1) => write!(f, "the first attempt at {effect} ")?,
                    Times::Nth(nth) => write!(f, "attempt {nth} at {effect} ")?,
                    Times::First(many) => write!(f, "each of the first {many} attempts at {effect} ")?,
                }
                write!(f, "{misdeed}")
            }
            Self::Event(nth, arrival) => write!(f, "event {} comes {arrival}", nth + 1),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.before { "before" } else { "after" }, self.what)?;
        if self.nth > 1 { write!(f, " (time {})", self.nth) } else { Ok(()) }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.step, self.direction) {
            ("", _) => f.write_str("the command of the failed saga"),
            (step, Direction::Do) => write!(f, "`{step}`"),
            (step, Direction::Undo) => write!(f, "the undo of `{step}`"),
        }
    }
}

impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(reason) => return write!(f, "fails: {reason}"),
            Self::Retries { .. } => f.write_str("says to try again")?,
            Self::Hangs { .. } => f.write_str("takes too long")?,
            Self::Panics { .. } => f.write_str("panics")?,
        }
        f.write_str(if self.is_done() { ", and it was done" } else { ", and it was not done" })
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtStart => "before any step is begun",
            Self::AtOnce => "at the moment at which its wait begins",
            Self::JustBefore => "a millisecond before the time of its wait is over",
            Self::AtTimeout => "at the moment at which the time of its wait is over",
            Self::JustAfter => "a millisecond after the time of its wait is over",
            Self::Never => "never",
            Self::Twice => "twice",
        })
    }
}
