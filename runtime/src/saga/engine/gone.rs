//! Waits of earlier definitions for events that come no more.

use std::sync::Arc;

use crate::saga::SagaDescription;
use crate::saga::step::StepKind;
use crate::store::SagaDefinitionRecord;

/// A wait of an earlier definition for an event that no wait of this release takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GoneWait {
    pub(super) saga: Arc<str>,
    pub(super) definition: u64,
    pub(super) step: String,
    /// Whether a process runs the definition, which may start more instances of it.
    live: bool,
}

/// The waits of `old` for events that no wait of `new` takes.
pub(super) fn gone_waits<'a>(
    record: &'a SagaDefinitionRecord,
    old: &'a SagaDescription,
    new: &'a SagaDescription,
    saga: &'a Arc<str>,
) -> impl Iterator<Item = GoneWait> + 'a {
    let takes = |event: &str| {
        new.steps.iter().any(|step| matches!(&step.kind, StepKind::Wait { event: one, .. } if one == event))
    };
    let gone = old.steps.iter().filter(move |step| match &step.kind {
        StepKind::Wait { event, .. } => !takes(event),
        _ => false,
    });
    gone.map(|step| GoneWait {
        saga: Arc::clone(saga),
        definition: record.definition,
        step: step.name.clone(),
        live: record.live,
    })
}
