//! What happened, in an order that a person can read.

use std::fmt;
use std::time::Duration;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Duration,
    /// Which process has done it; 0: the outside.
    pub(super) process: u32,
    pub(super) what: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs_f64();
        match self.process {
            0 => write!(f, "{seconds:>12.3} s  {}", self.what),
            process => write!(f, "{seconds:>12.3} s  process {process} {}", self.what),
        }
    }
}
