//! What is wrong with a table that was written by hand.

use super::declaration::SagaDefinition;
use super::description::SagaDescription;
use super::erased::{Back, Forward};
use super::options::Retry;
use super::step::{StepDefinition, StepKind, WayBack};
use super::table::Table;

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
    found.extend(mistakes_of_waits::<S>());
    if found.is_empty() { SagaDescription::of::<S>().mistakes() } else { found }
}

/// Of two waits for one type of event, one has to come after the other: an event ends one wait, the first that is open.
/// The event that starts an instance ends none.
fn mistakes_of_waits<S: SagaDefinition>() -> Vec<String> {
    let table = Table::of::<S>();
    let mut found = Vec::new();
    let waits: Vec<_> = S::EVENTS.iter().filter_map(|event| Some((event.step?, event.info.name))).collect();
    let name = |step: usize| table.steps.get(step).map_or("", |step| step.info.name);
    let comes_after =
        |one: usize, other: usize| table.steps.get(one).is_some_and(|step| step.followers.contains(&other));
    for (nth, (one, event)) in waits.iter().enumerate() {
        for (other, same) in &waits[nth + 1..] {
            if event == same && one != other && !comes_after(*one, *other) && !comes_after(*other, *one) {
                found.push(format!(
                    "`{}` and `{}` run in parallel and wait for the same event `{event}`: have one come after the other",
                    name(*one),
                    name(*other)
                ));
            }
        }
        if S::EVENTS.iter().any(|start| start.step.is_none() && start.info.name == *event) {
            found.push(format!(
                "`{}` waits for `{event}`, which starts the saga: the event that starts an instance ends no wait",
                name(*one)
            ));
        }
    }
    found
}

/// The commands that a saga sends, with the categories of their aggregates.
pub(crate) fn sent_by<S: SagaDefinition>() -> Vec<(&'static str, &'static str)> {
    let mut sent = Vec::new();
    for step in S::STEPS {
        let undo = matches!(step.call.back, Some(Back::Send(_))).then_some(step.undo);
        for kind in [Some(step.kind), undo].into_iter().flatten() {
            if let StepKind::Send { command, category } = kind {
                sent.push((command, category));
            }
        }
    }
    sent.extend(S::FAILED.iter().map(|failed| (failed.name, failed.category)));
    sent
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
