//! Telling what a store said before a failover from what it says now.

/// A number that changes when the server under a store may have lost what it said before: after a failover, a restore
/// or a restart.
///
/// States, positions and pages that were read on one timeline are not used on another. A store that cannot lose what
/// it said stays on [`Timeline::FIRST`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timeline(u64);

impl Timeline {
    /// The timeline that a store begins with.
    pub const FIRST: Self = Self(0);

    /// A timeline by its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}
