//! Attempts, as a test sees them.

use std::time::Duration;

use uuid::Uuid;

use super::definition::Release;
use super::twist::Effect;
use crate::payload::Payload;
use crate::saga::Direction;

/// An attempt at a step, at an undo, or at the command of a failed saga.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(super) effect: Effect,
    pub(super) key: Uuid,
    pub(super) at: Duration,
    pub(super) process: u32,
    pub(super) release: Release,
    /// How many moments had passed in the run.
    pub(super) moment: usize,
    /// The name of the command that it sends, and its JSON.
    pub(super) command: Option<(&'static str, Payload)>,
    pub(super) done: bool,
    /// It said that it was not done and never will be.
    pub(super) failed: bool,
    /// Its process was stopped while it was under way.
    pub(super) late: bool,
}

impl Attempt {
    /// The id of the instance, as text.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.effect.id
    }

    /// The step; empty for the command of a failed saga.
    #[must_use]
    pub fn step(&self) -> &str {
        &self.effect.step
    }

    /// Whether the step is undone by it.
    #[must_use]
    pub fn undoes(&self) -> bool {
        self.effect.direction == Direction::Undo
    }

    /// The idempotency key that it had.
    #[must_use]
    pub fn key(&self) -> Uuid {
        self.key
    }

    /// How long after the beginning of the run it began.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// The how many-th process of the run has made it.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Whether it was done: the function has returned `Ok`, whatever became of that answer.
    #[must_use]
    pub fn was_done(&self) -> bool {
        self.done
    }

    /// The name of the command that it sends.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.command.as_ref().map(|(name, _)| *name)
    }
}
