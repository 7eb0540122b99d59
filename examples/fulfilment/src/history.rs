//! What happened to an order, from the log of its saga.

use kenning::saga::{SagaDescription, WayBack};
use kenning::store::{NewSagaEntry, SagaEntry, SagaEntryKind};

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

/// An entry of a log in three columns: the step, what happened to it, and with what.
pub(crate) fn happened(entry: &NewSagaEntry) -> (String, String, String) {
    let step = entry.step.as_deref().unwrap_or_default().to_owned();
    let what = entry.kind.as_str().replace('_', " ");
    let output = entry.output.as_ref().filter(|_| entry.kind == SagaEntryKind::Done);
    let with = entry.text.clone().or_else(|| output.map(|output| output.as_str().to_owned()));
    (step, what, with.filter(|with| with != "null").unwrap_or_default())
}
