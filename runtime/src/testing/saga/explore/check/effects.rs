//! What was done outside.

use std::collections::HashMap;

use uuid::Uuid;

use super::lineage::Lineage;
use super::operator::terminated;
use crate::saga::{Direction, SagaDefinition};
use crate::store::{SagaEntryKind, SagaStatus, SagaWhole};
use crate::testing::saga::attempt::Attempt;
use crate::testing::saga::stage::Stage;
use crate::testing::saga::twist::Effect;

/// What is wrong with the effects of an instance.
pub(super) fn broken<F: SagaDefinition>(
    stage: &Stage<F>,
    lineage: &Lineage,
    whole: &SagaWhole,
    attempts: &[Attempt],
) -> Vec<String> {
    let mut broken = Vec::new();
    let own = || attempts.iter().filter(|attempt| attempt.effect.id == whole.record.id);
    if whole.record.status == SagaStatus::Completed
        && let Some(undo) = own().find(|attempt| attempt.undoes())
    {
        broken.push(format!("P5: it is completed, and `{}` was undone", undo.step()));
    }
    if terminated(whole).is_some() {
        return broken;
    }
    let table = &stage.of(lineage.last).table;
    for step in table.steps.iter().filter(|step| step.undoable) {
        let of = |direction| {
            own().enumerate().filter(move |(_, attempt)| {
                let today = lineage.today(attempt.release, attempt.step());
                today.as_deref() == Some(&*step.name) && attempt.effect.direction == direction && attempt.done
            })
        };
        // What a process does that was stopped in the middle of it comes when it comes: the outside can tell by the key of the step.
        let done = of(Direction::Do).filter(|(_, attempt)| !attempt.late).map(|(at, _)| at).last();
        let undone = of(Direction::Undo).map(|(at, _)| at).last();
        let Some(done) = done else { continue };
        match undone {
            None if is_skipped(whole, &step.name) => {}
            None if whole.record.status == SagaStatus::Compensated => {
                broken
                    .push(format!("P5: it is compensated, and what `{}` has done is there still", step.name));
            }
            Some(undone) if undone < done => {
                broken.push(format!("P6: `{}` was done after its undo", step.name));
            }
            _ => {}
        }
    }
    broken
}

/// Whether an operator has seen to a step, or to its undo.
fn is_skipped(whole: &SagaWhole, step: &str) -> bool {
    whole
        .log
        .iter()
        .any(|entry| entry.entry.kind == SagaEntryKind::Skipped && entry.entry.step.as_deref() == Some(step))
}

/// Whether every effect has one key, and each its own. A step that a migration has renamed is one effect.
pub(super) fn keys<F: SagaDefinition>(
    stage: &Stage<F>,
    instances: &[SagaWhole],
    attempts: &[Attempt],
) -> Vec<String> {
    let mut broken = Vec::new();
    let lineages: HashMap<_, _> =
        instances.iter().map(|whole| (&whole.record.id, Lineage::of(stage, whole))).collect();
    let mut keys: HashMap<Effect, Uuid> = HashMap::new();
    let mut effects: HashMap<Uuid, Effect> = HashMap::new();
    for attempt in attempts {
        let mut effect = attempt.effect.clone();
        let lineage = lineages.get(&effect.id);
        match lineage.map(|lineage| lineage.today(attempt.release, &effect.step)) {
            Some(Some(today)) => effect.step = today.into(),
            // No step of the last definition has this name.
            Some(None) => effect.step = format!("{}, forgotten", effect.step).into(),
            None => {}
        }
        if *keys.entry(effect.clone()).or_insert(attempt.key) != attempt.key {
            broken.push(format!("P6: two attempts at {effect} have different keys"));
        }
        if *effects.entry(attempt.key).or_insert_with(|| effect.clone()) != effect {
            broken.push(format!("P6: {effect} has the key of another effect"));
        }
    }
    broken
}
