//! What happened to an order, from the log of its saga.

use kenning::saga::{SagaDescription, WayBack};
use kenning::store::{SagaEntry, SagaEntryKind};

/// The steps in a line of words: what was done, what was refused, what was undone by which function.
pub(crate) fn told(saga: &SagaDescription, log: &[SagaEntry]) -> String {
    let undo = |step: &str| match saga.step(step).map(|step| &step.way_back) {
        Some(WayBack::Undo(function)) => function.clone(),
        _ => format!("undo of {step}"),
    };
    let words = log.iter().filter_map(|SagaEntry { entry, .. }| {
        let step = entry.step.as_deref()?;
        Some(match entry.kind {
            SagaEntryKind::Done => step.to_owned(),
            SagaEntryKind::Failed => format!("{step} (no)"),
            SagaEntryKind::Unknown => format!("{step} (?)"),
            SagaEntryKind::TimedOut => format!("{step} (too late)"),
            SagaEntryKind::Undone => undo(step),
            SagaEntryKind::UndoFailed => format!("{} (no)", undo(step)),
            SagaEntryKind::Skipped => format!("{step} (by hand)"),
            _ => return None,
        })
    });
    words.collect::<Vec<_>>().join(", ")
}
