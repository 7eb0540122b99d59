//! P5 and P6 over what was recorded and what was done outside.

use std::collections::{BTreeMap, BTreeSet};

use kenning::store::{SagaEntryKind, SagaStatus, SagaWhole};
use uuid::Uuid;

use super::outside::Call;
use super::rows::Graph;

/// What is wrong with an instance that has come to its end: with its log, and with what was done outside.
pub(super) fn check(whole: &SagaWhole, graph: Graph, calls: &[Call], effects: &[String]) -> Vec<String> {
    let mut wrong = check_log(whole, graph);
    wrong.extend(check_calls(whole, graph, calls));
    wrong.extend(check_effects(whole.record.status, graph, effects));
    wrong.into_iter().map(|wrong| format!("{} {}: {wrong}", whole.record.saga, whole.record.id)).collect()
}

/// The log alone.
pub(super) fn check_log(whole: &SagaWhole, graph: Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    let sequences: Vec<u32> = whole.log.iter().map(|entry| entry.sequence).collect();
    if !sequences.iter().copied().eq(1..=whole.record.sequence) {
        wrong.push(format!("the log of {} entries has {sequences:?}", whole.record.sequence));
    }
    let mut state: BTreeMap<&str, SagaEntryKind> = BTreeMap::new();
    let mut back = false;
    for entry in whole.log.iter().map(|entry| &entry.entry) {
        let kind = entry.kind;
        let Some(name) = entry.step.as_deref() else {
            back |= kind == SagaEntryKind::Compensating;
            continue;
        };
        let Some((_, before, _)) = graph.iter().find(|(step, ..)| *step == name) else {
            wrong.push(format!("`{name}` is no step"));
            continue;
        };
        let old = state.get(name).copied();
        let fits = match kind {
            SagaEntryKind::Intent => {
                let ready = before.iter().all(|step| state.get(step) == Some(&SagaEntryKind::Done));
                !back && ready && matches!(old, None | Some(SagaEntryKind::Intent | SagaEntryKind::Retry))
            }
            SagaEntryKind::Done | SagaEntryKind::Failed | SagaEntryKind::Retry => {
                old == Some(SagaEntryKind::Intent)
            }
            SagaEntryKind::Unknown => matches!(old, Some(SagaEntryKind::Intent | SagaEntryKind::Retry)),
            SagaEntryKind::UndoIntent => {
                let open = [
                    SagaEntryKind::Done,
                    SagaEntryKind::Unknown,
                    SagaEntryKind::UndoIntent,
                    SagaEntryKind::UndoRetry,
                    SagaEntryKind::UndoFailed,
                ];
                let is_open = |step: &str| state.get(step).is_some_and(|state| open.contains(state));
                let followers = followers(graph, name);
                back && is_open(name) && !followers.iter().any(|step| is_open(step))
            }
            SagaEntryKind::Undone | SagaEntryKind::UndoRetry => old == Some(SagaEntryKind::UndoIntent),
            _ => true,
        };
        if !fits {
            wrong.push(format!("`{kind:?}` of `{name}` after {old:?}, back: {back}"));
        }
        state.insert(name, kind);
    }
    let ends: Vec<_> = whole.log.iter().filter(|entry| is_end(entry.entry.kind)).collect();
    // What an operator asks for after the end is refused, which is recorded.
    let last = whole.log.iter().rfind(|entry| entry.entry.kind != SagaEntryKind::Refused);
    if ends.len() != 1 || !last.is_some_and(|last| is_end(last.entry.kind)) {
        wrong.push(format!("{} ends, and not one at the end", ends.len()));
    }
    for (step, _, undoable) in graph {
        let state = state.get(step).copied();
        let over = match whole.record.status {
            SagaStatus::Completed => state == Some(SagaEntryKind::Done),
            SagaStatus::Compensated => {
                !*undoable || matches!(state, None | Some(SagaEntryKind::Failed | SagaEntryKind::Undone))
            }
            _ => false,
        };
        if !over {
            wrong.push(format!("{}, and `{step}` is {state:?}", whole.record.status));
        }
    }
    wrong
}

const fn is_end(kind: SagaEntryKind) -> bool {
    matches!(kind, SagaEntryKind::Completed | SagaEntryKind::Compensated)
}

/// The undoable steps that come after a step, near and far.
fn followers(graph: Graph, name: &str) -> Vec<&'static str> {
    let direct = graph.iter().filter(|(_, before, _)| before.contains(&name));
    let mut all = BTreeSet::new();
    for (step, _, undoable) in direct {
        if *undoable {
            all.insert(*step);
        }
        all.extend(followers(graph, step));
    }
    all.into_iter().collect()
}

/// P6: one key for each effect, and none without an intent.
fn check_calls(whole: &SagaWhole, graph: Graph, calls: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut keys: BTreeMap<Uuid, &str> = BTreeMap::new();
    let mut counts: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for call in calls {
        // An undo that does not know the outcome is the same effect as one that does.
        let effect = call.effect.trim_end_matches('?');
        if *keys.entry(call.key).or_insert(effect) != effect {
            wrong.push(format!("`{effect}` has the key of `{}`", keys[&call.key]));
        }
        let undo = effect.strip_prefix("undo ");
        *counts.entry((undo.unwrap_or(effect), undo.is_some())).or_default() += 1;
    }
    for ((step, undo), calls) in counts {
        let effect = if undo { format!("undo {step}") } else { step.to_owned() };
        if keys.values().filter(|own| **own == effect).count() != 1 {
            wrong.push(format!("`{effect}` has several keys"));
        }
        if !graph.iter().any(|(own, ..)| *own == step) {
            wrong.push(format!("`{effect}` is of no step"));
        }
        let intent = if undo { SagaEntryKind::UndoIntent } else { SagaEntryKind::Intent };
        let begun = whole
            .log
            .iter()
            .map(|entry| &entry.entry)
            .filter(|entry| entry.kind == intent && entry.step.as_deref() == Some(step));
        let begun = begun.count();
        if calls > begun {
            wrong.push(format!("`{effect}` was asked for {calls} times, and begun {begun} times"));
        }
    }
    wrong
}

/// What is left outside: everything, or nothing.
pub(super) fn check_effects(status: SagaStatus, graph: Graph, effects: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let place = |effect: &str| effects.iter().position(|done| done.trim_end_matches('?') == effect);
    for (step, _, undoable) in graph {
        let (done, undone) = (place(step), place(&format!("undo {step}")));
        let fits = match status {
            SagaStatus::Completed => done.is_some() && undone.is_none(),
            SagaStatus::Compensated if *undoable => match (done, undone) {
                (Some(done), Some(undone)) => done < undone,
                (Some(_), None) => false,
                // Asked for, and not done: nobody knew.
                (None, _) => true,
            },
            _ => true,
        };
        if !fits {
            wrong.push(format!("{status}, and `{step}` was done {done:?}, undone {undone:?}: {effects:?}"));
        }
        let after = followers(graph, step);
        let late = after.iter().filter_map(|step| place(&format!("undo {step}"))).max();
        if late.zip(undone).is_some_and(|(late, own)| own < late) {
            wrong.push(format!("`{step}` was undone before what came after it: {effects:?}"));
        }
    }
    wrong
}
