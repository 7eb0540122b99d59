//! What an instance has come to, and what has become of its events.

use time::OffsetDateTime;

use crate::saga::{Does, Table};
use crate::store::{SagaEntryKind, SagaMessageKind, SagaStatus, SagaWhole};

/// What is wrong with the end of an instance.
pub(super) fn broken(table: &Table, whole: &SagaWhole) -> Vec<String> {
    let mut broken = Vec::new();
    let record = &whole.record;
    let at = record.step.as_deref().unwrap_or_default();
    match record.status {
        SagaStatus::Completed | SagaStatus::Compensated => {}
        SagaStatus::Parked if record.reason.as_deref().is_some_and(|reason| !reason.is_empty()) => {}
        SagaStatus::Parked => broken.push("P5: it is parked without a reason".to_owned()),
        SagaStatus::Waiting if waits_for_ever(table, whole) => {}
        SagaStatus::Waiting => {
            broken.push(format!(
                "P5: the time of `{at}` is over, and it waits still: the timeout has not come"
            ));
        }
        status => broken.push(format!("P5: it comes to no end: it is {status} at `{at}`")),
    }
    let told = whole.messages.iter().any(|message| message.kind == SagaMessageKind::Retry);
    if told && !whole.log.iter().any(|entry| entry.entry.kind == SagaEntryKind::Resumed) {
        broken.push("P5: it is parked, was told to go on, and does not".to_owned());
    }
    for (place, step) in table.steps.iter().enumerate() {
        let (Does::Wait { .. }, Some(came)) = (step.does, event(whole, &step.name)) else { continue };
        let Some((began, ended)) = wait(whole, &step.name) else { continue };
        let over = ends(table, place, began);
        let in_time = over.is_none_or(|over| came < over);
        if in_time && ended == Some(false) {
            broken.push(format!("P5: the event of `{}` came in time, and is lost", step.name));
        }
    }
    broken
}

/// Whether a wait has no end but its event, which has not come.
fn waits_for_ever(table: &Table, whole: &SagaWhole) -> bool {
    table.steps.iter().any(|step| {
        matches!(step.does, Does::Wait { .. })
            && step.info.timeout.is_none()
            && event(whole, &step.name).is_none()
            && wait(whole, &step.name).is_some_and(|(_, ended)| ended.is_none())
    })
}

/// When the first event for a wait came.
fn event(whole: &SagaWhole, step: &str) -> Option<OffsetDateTime> {
    let events = whole.messages.iter().filter(|message| message.kind == SagaMessageKind::Event);
    events.filter(|message| message.step.as_deref() == Some(step)).map(|message| message.at).min()
}

/// When a wait began, and whether it has ended with its event.
fn wait(whole: &SagaWhole, step: &str) -> Option<(OffsetDateTime, Option<bool>)> {
    let own = || whole.log.iter().filter(|entry| entry.entry.step.as_deref() == Some(step));
    let began = own().find(|entry| entry.entry.kind == SagaEntryKind::Waiting)?.at;
    let ended = own().find_map(|entry| match entry.entry.kind {
        // What went on without its event says so.
        SagaEntryKind::Done => Some(entry.entry.text.is_none()),
        SagaEntryKind::TimedOut | SagaEntryKind::Failed => Some(false),
        _ => None,
    });
    Some((began, ended))
}

fn ends(table: &Table, step: usize, began: OffsetDateTime) -> Option<OffsetDateTime> {
    let timeout = table.steps.get(step)?.info.timeout?;
    began.checked_add(time::Duration::try_from(timeout).ok()?)
}
