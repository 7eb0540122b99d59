//! What an instance has come to, and what has become of its events.

use time::OffsetDateTime;

use super::lineage::Lineage;
use crate::saga::{Does, MissingInstance, SagaDefinition, Table};
use crate::store::{SagaEntry, SagaEntryKind, SagaStatus, SagaWhole};
use crate::testing::saga::arrival::Arrival;
use crate::testing::saga::definition::Release;
use crate::testing::saga::director::Recorded;
use crate::testing::saga::stage::Stage;
use crate::testing::saga::twist::Twist;
use crate::testing::saga::world::Played;

/// What is wrong with the end of an instance.
pub(super) fn broken<F: SagaDefinition>(
    stage: &Stage<F>,
    lineage: &Lineage,
    whole: &SagaWhole,
    played: &Played<F>,
) -> Vec<String> {
    let mut broken = Vec::new();
    let record = &whole.record;
    let at = record.step.as_deref().unwrap_or_default();
    let table = &stage.of(lineage.last).table;
    let waits = waits(table, lineage, whole, played);
    match record.status {
        SagaStatus::Completed | SagaStatus::Compensated => {}
        SagaStatus::Parked if record.reason.as_deref().is_some_and(|reason| !reason.is_empty()) => {}
        SagaStatus::Parked => broken.push("P5: it is parked without a reason".to_owned()),
        SagaStatus::Waiting if waits.iter().any(Wait::is_endless) => {}
        SagaStatus::Waiting => {
            broken.push(format!(
                "P5: the time of `{at}` is over, and it waits still: the timeout has not come"
            ));
        }
        status => broken.push(format!("P5: it comes to no end: it is {status} at `{at}`")),
    }
    for wait in &waits {
        let name = &wait.name;
        let in_time = |came: &OffsetDateTime| wait.over.is_none_or(|over| *came < over);
        if wait.ended == Some(false) && wait.came.as_ref().is_some_and(in_time) {
            broken.push(format!("P5: the event of `{name}` was recorded in time, and is lost"));
        }
        if wait.ended == Some(true) && wait.came.is_none() && !wait.is_skipped {
            broken.push(format!("P5: `{name}` has ended with an event that was not recorded for it"));
        }
    }
    broken
}

/// How a wait went.
struct Wait {
    name: String,
    has_timeout: bool,
    /// When its timeout was due.
    over: Option<OffsetDateTime>,
    /// Whether it has ended, and with its event.
    ended: Option<bool>,
    is_skipped: bool,
    /// When the event was recorded that was to end it.
    came: Option<OffsetDateTime>,
}

impl Wait {
    /// It has no end but its event, which has not come.
    fn is_endless(&self) -> bool {
        self.ended.is_none() && !self.has_timeout && self.came.is_none()
    }
}

/// The waits that have begun.
fn waits<F: SagaDefinition>(
    table: &Table,
    lineage: &Lineage,
    whole: &SagaWhole,
    played: &Played<F>,
) -> Vec<Wait> {
    let mut found = Vec::new();
    // Each event ends one wait.
    let mut taken = Vec::new();
    for step in &table.steps {
        let Does::Wait { .. } = step.does else { continue };
        let mut own = own(lineage, whole, &step.name);
        let Some(began) = own.iter().find(|entry| entry.entry.kind == SagaEntryKind::Waiting) else {
            continue;
        };
        let (began, is_skipped) =
            (began.at, own.iter().any(|entry| entry.entry.kind == SagaEntryKind::Skipped));
        own.retain(|entry| {
            matches!(entry.entry.kind, SagaEntryKind::Done | SagaEntryKind::TimedOut | SagaEntryKind::Failed)
        });
        // What went on without its event says so.
        let ended =
            own.first().map(|first| first.entry.kind == SagaEntryKind::Done && first.entry.text.is_none());
        let over =
            step.info.timeout.and_then(|timeout| began.checked_add(time::Duration::try_from(timeout).ok()?));
        let mut recorded = played.state.recorded.iter();
        let came = recorded.find(|recorded| {
            !taken.contains(&recorded.position)
                && is_for(lineage, whole, &step.name, recorded, played)
                && (ended != Some(false) || !is_excused(lineage, whole, &step.name, recorded, played))
        });
        if let (Some(came), Some(true) | None) = (came, ended) {
            taken.push(came.position);
        }
        found.push(Wait {
            name: step.name.to_string(),
            has_timeout: step.info.timeout.is_some(),
            over,
            ended: ended.filter(|_| !is_skipped).or(is_skipped.then_some(true)),
            is_skipped,
            came: came.map(|came| came.at),
        });
    }
    found
}

/// The entries of a step, whatever it was called.
fn own<'w>(lineage: &Lineage, whole: &'w SagaWhole, step: &str) -> Vec<&'w SagaEntry> {
    let migrated = whole.log.iter().rposition(|entry| entry.entry.kind == SagaEntryKind::Migrated);
    let is_own = |(place, entry): &(usize, &SagaEntry)| {
        let Some(name) = entry.entry.step.as_deref() else { return false };
        let release = match migrated {
            Some(migrated) if *place < migrated => lineage.first,
            _ => lineage.last,
        };
        lineage.today(release, name).as_deref() == Some(step)
    };
    whole.log.iter().enumerate().filter(is_own).map(|(_, entry)| entry).collect()
}

/// Whether an event is for a step of an instance.
fn is_for<F: SagaDefinition>(
    lineage: &Lineage,
    whole: &SagaWhole,
    step: &str,
    recorded: &Recorded,
    played: &Played<F>,
) -> bool {
    let Some(routes) = played.routes.get(recorded.event) else { return false };
    let is_for = |release: Release| {
        routes
            .of(release)
            .iter()
            .any(|to| *to.id == *whole.record.id && lineage.today(release, &to.step).as_deref() == Some(step))
    };
    is_for(lineage.last) || is_for(lineage.first)
}

/// Whether an event that was recorded in time need not end its wait.
fn is_excused<F: SagaDefinition>(
    lineage: &Lineage,
    whole: &SagaWhole,
    step: &str,
    recorded: &Recorded,
    played: &Played<F>,
) -> bool {
    let far_behind =
        |twist: &Twist| matches!(twist, Twist::Event(event, Arrival::FarBehind) if *event == recorded.event);
    let missing = played.routes.get(recorded.event).and_then(|routes| {
        let mut both = routes.of(lineage.last).iter().chain(routes.of(lineage.first));
        both.find(|to| {
            *to.id == *whole.record.id && lineage.today(lineage.last, &to.step).as_deref() == Some(step)
        })
        .map(|to| to.missing)
    });
    let was_started = recorded.at >= whole.record.started_at && !is_before_start(recorded, played);
    played.fired.iter().any(far_behind)
        || played.parked.contains(&recorded.position)
        // It was parked, and an operator retried it when the timeout had passed; or it was passed over.
        || !was_started && missing != Some(MissingInstance::Keep)
}

fn is_before_start<F: SagaDefinition>(recorded: &Recorded, played: &Played<F>) -> bool {
    played
        .fired
        .iter()
        .any(|twist| matches!(twist, Twist::Event(event, Arrival::BeforeStart) if *event == recorded.event))
}
