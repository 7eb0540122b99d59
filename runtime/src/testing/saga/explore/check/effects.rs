//! What was done outside.

use std::collections::HashMap;

use uuid::Uuid;

use crate::saga::{Direction, Table};
use crate::store::{SagaStatus, SagaWhole};
use crate::testing::saga::attempt::Attempt;
use crate::testing::saga::twist::Effect;

/// What is wrong with the effects of an instance.
pub(super) fn broken(table: &Table, whole: &SagaWhole, attempts: &[Attempt]) -> Vec<String> {
    let mut broken = Vec::new();
    let own = || attempts.iter().filter(|attempt| attempt.effect.id == whole.record.id);
    if whole.record.status == SagaStatus::Completed
        && let Some(undo) = own().find(|attempt| attempt.undoes())
    {
        broken.push(format!("P5: it is completed, and `{}` was undone", undo.step()));
    }
    for step in table.steps.iter().filter(|step| step.undoable) {
        let of = |direction| {
            own().enumerate().filter(move |(_, attempt)| {
                *attempt.effect.step == *step.name && attempt.effect.direction == direction && attempt.done
            })
        };
        // What a process does that was stopped in the middle of it comes when it comes: the outside can tell by the key of the step.
        let done = of(Direction::Do).filter(|(_, attempt)| !attempt.late).map(|(at, _)| at).last();
        let undone = of(Direction::Undo).map(|(at, _)| at).last();
        let Some(done) = done else { continue };
        match undone {
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

/// Whether every effect has one key, and each its own.
pub(super) fn keys(attempts: &[Attempt]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut keys: HashMap<&Effect, Uuid> = HashMap::new();
    let mut effects: HashMap<Uuid, &Effect> = HashMap::new();
    for attempt in attempts {
        let effect = &attempt.effect;
        if *keys.entry(effect).or_insert(attempt.key) != attempt.key {
            broken.push(format!("P6: two attempts at {effect} have different keys"));
        }
        if *effects.entry(attempt.key).or_insert(effect) != effect {
            broken.push(format!("P6: {effect} has the key of another effect"));
        }
    }
    broken
}
