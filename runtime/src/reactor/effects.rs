//! What a reactor causes.

/// What an event causes: it is done in the transaction that moves the reactor's checkpoint, or not at all.
#[derive(Debug)]
#[non_exhaustive]
pub struct Effects {}
