//! What has become of the requests of operators.

use crate::saga::Note;
use crate::store::{SagaEntryKind, SagaMessage, SagaWhole};

/// What is wrong with the answers: each request has one, unless the instance ended first.
pub(super) fn broken(whole: &SagaWhole) -> Vec<String> {
    let mut broken = Vec::new();
    for message in whole.messages.iter().filter(|message| message.is_request()) {
        let asked = message.kind.as_str();
        match answers(whole, message) {
            0 if !whole.record.status.is_end() => {
                broken.push(format!("P5: the request `{asked}` has no answer"));
            }
            0 | 1 => {}
            many => broken.push(format!("P5: the request `{asked}` is answered {many} times")),
        }
    }
    broken
}

fn answers(whole: &SagaWhole, message: &SagaMessage) -> usize {
    let entries = whole.log.iter().map(|entry| &entry.entry).filter(|entry| {
        matches!(
            entry.kind,
            SagaEntryKind::Cancelled
                | SagaEntryKind::Refused
                | SagaEntryKind::Parked
                | SagaEntryKind::Resumed
                | SagaEntryKind::Skipped
        )
    });
    entries.filter(|entry| Note::of(entry).message == Some(message.number)).count()
}

/// How the reason begins of an instance that an operator has terminated.
const TERMINATED: &str = "it was terminated by an operator";

/// The place in the log at which an operator has terminated the instance.
pub(in super::super) fn terminated(whole: &SagaWhole) -> Option<usize> {
    let text = |place: usize| whole.log.get(place).and_then(|entry| entry.entry.text.as_deref());
    let begins = |place: &usize| {
        whole.log.get(*place).is_some_and(|entry| entry.entry.kind == SagaEntryKind::Compensating)
            && text(*place).is_some_and(|text| text.starts_with(TERMINATED))
    };
    let compensating = (0..whole.log.len()).find(begins)?;
    // The answer to the request is before it, and perhaps that a parked one is resumed.
    let kind = |place: usize| whole.log.get(place).map(|entry| entry.entry.kind);
    (0..compensating).rev().take(2).find(|place| kind(*place) == Some(SagaEntryKind::Cancelled))
}
