//! Faults that tests put into the engine, to see that exploration finds them.

/// Faults of the engine: all off, but in tests of the test kit itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(crate) struct Faults {
    /// Steps are undone in the order in which they were done.
    pub(crate) undo_in_forward_order: bool,
    /// The timeout of a wait never comes.
    pub(crate) timer_is_lost: bool,
    /// A step is begun before its intent is recorded.
    pub(crate) effect_before_intent: bool,
    /// A step whose outcome is not known is not undone.
    pub(crate) unknown_is_not_undone: bool,
    /// What a worker writes that has lost its lease is taken for written.
    pub(crate) lease_is_not_checked: bool,
    /// The outcome of a step is recorded twice.
    pub(crate) outcome_is_recorded_twice: bool,
    /// Cancelling an instance that is compensated stops that.
    pub(crate) cancel_stops_compensation: bool,
    /// An event that comes before its wait begins is lost.
    pub(crate) early_event_is_lost: bool,
}
