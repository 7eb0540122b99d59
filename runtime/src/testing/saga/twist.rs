//! What goes wrong in a run.

use std::fmt;
use std::sync::Arc;

use super::arrival::Arrival;
use super::ask::Ask;
use crate::saga::Direction;

/// One thing that goes otherwise than it would by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Twist {
    /// The process ends, with everything that it had in memory; another begins.
    Dies(Moment),
    /// The process is stopped, another begins, and the first goes on later.
    Stops(Moment, Until),
    /// An operator requests something of an instance, this many times.
    Asked(Moment, Target, Ask, u32),
    /// An operator requests something when nothing continues without help: each instance has ended,
    /// or is parked.
    AskedAtRest(Target, Ask, u32),
    /// Somebody cancels the instance when it comes to a step.
    CancelledAt(Arc<str>),
    /// Attempts at an effect go wrong.
    Attempt(Effect, Times, Misdeed),
    /// An event comes at another time.
    Event(usize, Arrival),
    /// The new release is deployed.
    Upgraded(Moment, Rollout),
    /// The new release is taken back, and the old one is deployed again.
    RolledBack(Moment),
}

/// The instances that a request is about: the one of that id, or all.
pub(super) type Target = Option<Arc<str>>;

/// How a release is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rollout {
    /// The old process dies, and the new one begins.
    Replaced,
    /// The new process begins, and the old one runs until it is told to stop two leases later.
    Rolling,
    /// The old process is stopped, and continues when the new one has taken over.
    Stale,
}

impl Rollout {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "the old process dies",
            Self::Rolling => "the old process runs beside the new one",
            Self::Stale => "the old process continues after the new one has taken over",
        }
    }
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
            Self::Asked(moment, target, ask, times) => {
                write!(f, "an operator {ask}{}{} {moment}", of(target), twice(*times))
            }
            Self::AskedAtRest(target, ask, times) => {
                let (of, twice) = (of(target), twice(*times));
                write!(f, "an operator {ask}{of}{twice} after the instance has ended or was parked")
            }
            Self::CancelledAt(step) => write!(f, "the instance is cancelled at `{step}`"),
            Self::Attempt(effect, times, misdeed) => {
                match times {
                    Times::Nth(1) => write!(f, "the first attempt at {effect} ")?,
                    Times::Nth(nth) => write!(f, "attempt {nth} at {effect} ")?,
                    Times::First(many) => write!(f, "each of the first {many} attempts at {effect} ")?,
                }
                write!(f, "{misdeed}")
            }
            Self::Event(nth, arrival) => write!(f, "event {} {}", nth + 1, arrival.recorded()),
            Self::Upgraded(moment, Rollout::Replaced) => {
                write!(f, "the process dies {moment}, and the new release is deployed in its place")
            }
            Self::Upgraded(moment, Rollout::Rolling) => {
                write!(
                    f,
                    "the new release is deployed {moment}, and the old process runs beside it for a time"
                )
            }
            Self::Upgraded(moment, Rollout::Stale) => write!(
                f,
                "the old process is stopped {moment}, the new release is deployed, \
                 and the old process continues when the new one has taken over"
            ),
            Self::RolledBack(moment) => {
                write!(f, "the new release is rolled back {moment}, and deployed again at the end")
            }
        }
    }
}

fn of(target: &Target) -> String {
    target.as_ref().map_or_else(String::new, |id| format!(" of `{id}`"))
}

fn twice(times: u32) -> &'static str {
    if times > 1 { " twice" } else { "" }
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
