//! A definition of a saga without its type: the one under test, or the one before it.

use std::sync::Arc;

use crate::app::Builder;
use crate::saga::{RegisteredSaga, SagaDefinition, Table, registered};
use crate::store::{MemoryStore, Start};

/// Which of two definitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Release {
    Old,
    #[default]
    New,
}

/// A definition of a saga.
pub(super) struct Definition<Services> {
    pub(super) version: u32,
    pub(super) table: Table,
    pub(super) fingerprint: u64,
    pub(super) has_last_word: bool,
    pub(super) deadline: Option<std::time::Duration>,
    /// Whether it follows any event.
    pub(super) follows: bool,
    /// Whether events that come before the start of their instance are kept.
    pub(super) keeps_early: bool,
    pub(super) registered: fn(Arc<Services>) -> Arc<RegisteredSaga>,
    pub(super) register: fn(Builder<MemoryStore>, Arc<Services>) -> Builder<MemoryStore>,
}

impl<Services> Definition<Services> {
    pub(super) fn of<F: SagaDefinition<Services = Services>>() -> Self {
        use crate::saga::{MissingInstance, SagaDescription};
        Self {
            version: F::VERSION,
            table: Table::of::<F>(),
            fingerprint: SagaDescription::of::<F>().fingerprint(),
            has_last_word: F::FAILED.is_some(),
            deadline: F::TIMES.deadline,
            follows: !F::EVENTS.is_empty(),
            keeps_early: F::EVENTS.iter().any(|event| event.missing == MissingInstance::Keep),
            registered: |services| registered::<F>(services, false),
            // Events of the history are not delivered.
            register: |builder, services| builder.saga_from::<F>(services, Start::End),
        }
    }
}
