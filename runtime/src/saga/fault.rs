//! What the engine itself could not do, and what follows from it.

use std::error::Error;
use std::fmt;

/// Something that Kenning could not do around a step: it says nothing of whether the step was done.
///
/// Only Kenning makes one. The function of a step passes it on, by `?`.
#[derive(Debug)]
pub struct EngineFault {
    pub(crate) kind: FaultKind,
    source: Box<dyn Error + Send + Sync>,
}

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// This release cannot do it, another one may: nothing is decided until one can.
    Release,
    /// This process cannot do it at the moment: it is tried again, and costs no attempt.
    Busy,
    /// This release cannot read what is stored: the instance is parked as it is.
    Unreadable,
    /// Trying again gives the same: the outcome is unknown.
    Unknown,
}

impl EngineFault {
    pub(crate) fn new(kind: FaultKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    pub(crate) fn error(&self) -> &(dyn Error + 'static) {
        &*self.source
    }
}

impl fmt::Display for EngineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}
