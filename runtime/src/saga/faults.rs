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
    /// An event that is to be kept until its instance starts is dropped.
    pub(crate) event_before_start_is_dropped: bool,
    /// An event that is delivered again counts as another event.
    pub(crate) delivery_has_no_identity: bool,
    /// A timeout is recorded although events recorded before it are not handled yet.
    pub(crate) timeout_passes_the_feed: bool,
    /// The skip that an operator requests is applied twice.
    pub(crate) request_is_applied_twice: bool,
    /// A request is answered although an attempt at its step runs.
    pub(crate) skip_ignores_attempts: bool,
    /// Steps that a migration has renamed draw their keys from their new names.
    pub(crate) renamed_step_draws_new_key: bool,
    /// An upgrade forgets which steps are done.
    pub(crate) upgrade_forgets_outcomes: bool,
    /// Keys are drawn without the instance.
    pub(crate) key_without_instance: bool,
}
