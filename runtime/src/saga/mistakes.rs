//! What is wrong with a table that was written by hand.

use super::declaration::SagaDefinition;
use super::description::SagaDescription;
use super::erased::Forward;
use super::options::Retry;
use super::step::{StepDefinition, WayBack};

/// Everything that is wrong with the table of a saga, a sentence each.
pub(crate) fn mistakes_of_table<S: SagaDefinition>() -> Vec<String> {
    let mut found = Vec::new();
    for (place, step) in S::STEPS.iter().enumerate() {
        found.extend(mistakes_of_row(step, S::STEPS.len()));
        if matches!(step.call.forward, Forward::Wait(_))
            && !S::EVENTS.iter().any(|event| event.step == Some(place))
        {
            found.push(format!("`{}` waits for an event that is not among its events", step.info.name));
        }
    }
    for event in S::EVENTS {
        let waits = |place: usize| {
            S::STEPS.get(place).is_some_and(|step| matches!(step.call.forward, Forward::Wait(_)))
        };
        if let Some(place) = event.step.filter(|place| !waits(*place)) {
            found.push(format!(
                "the event `{}` is for a wait at place {place}, and none is there",
                event.info.name
            ));
        }
    }
    if found.is_empty() { SagaDescription::of::<S>().mistakes() } else { found }
}

fn mistakes_of_row<S: SagaDefinition>(step: &StepDefinition<S>, steps: usize) -> Vec<String> {
    let mut found = Vec::new();
    let name = step.info.name;
    for place in step.info.after.iter().filter(|place| **place >= steps) {
        found.push(format!(
            "`{name}` comes after the step at place {place}, and there are {steps} steps, from place 0"
        ));
    }
    match (step.info.way_back, step.call.back.is_some()) {
        (WayBack::Undo(_), true) => {}
        (WayBack::Undo(undo), false) => {
            found.push(format!("`{name}` says that `{undo}` undoes it, and its table has no undo for it"));
        }
        (_, true) => found.push(format!("`{name}` has an undo, and says that there is none")),
        (_, false) => {}
    }
    for (retry, of) in [(step.info.retry, "it"), (step.info.undo_retry, "its undo")] {
        found.extend(mistake_of_retry(retry).map(|wrong| format!("`{name}`: {of} {wrong}")));
    }
    found
}

fn mistake_of_retry(retry: Retry) -> Option<&'static str> {
    if retry.attempts == Some(0) {
        Some("is tried not even once")
    } else if retry.first > retry.longest {
        Some("has a first pause that is longer than the longest one")
    } else {
        None
    }
}
