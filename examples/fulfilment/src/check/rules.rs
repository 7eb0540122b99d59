//! What has to hold of the ledger and the ends of the orders, as a function of both.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::action::Action;
use crate::ledger::Line;
use crate::mistake::{Fault, Mistake};
use crate::report::Report;
use crate::store::End;

/// Holds the lines, in their order, against the ends.
pub(crate) fn check(lines: &[Line], orders: &[(String, End)]) -> Report {
    let ended = |end: &End| orders.iter().filter(|(_, ended)| ended == end).count();
    let undos = lines.iter().filter(|line| line.action.undoes().is_some()).count();
    let mut histories: HashMap<&str, History<'_>> = HashMap::new();
    let mut keys: HashSet<Uuid> = HashSet::new();
    let mut unknown: Vec<&Line> = Vec::new();
    let known: HashSet<&str> = orders.iter().map(|(order_id, _)| &**order_id).collect();
    for line in lines {
        if !known.contains(&*line.order_id) && !histories.contains_key(&*line.order_id) {
            unknown.push(line);
        }
        let history = histories.entry(&line.order_id).or_default();
        if !keys.insert(line.key) {
            history.faults.push(Fault::KeyTwice { action: line.action, key: line.key });
        }
        history.add(line);
    }

    let mut mistakes = Vec::new();
    for (order_id, end) in orders {
        let faults = histories.remove(&**order_id).unwrap_or_default().end(end);
        mistakes.extend(faults.into_iter().map(|fault| Mistake { order_id: order_id.clone(), fault }));
    }
    for line in unknown {
        let fault = Fault::Unknown { action: line.action };
        let faults = histories.remove(&*line.order_id).unwrap_or_default().faults;
        let faults = [fault].into_iter().chain(faults);
        mistakes.extend(faults.map(|fault| Mistake { order_id: line.order_id.clone(), fault }));
    }
    Report {
        orders: orders.len(),
        completed: ended(&End::Completed),
        compensated: ended(&End::Compensated),
        parked: ended(&End::Parked),
        effects: lines.len() - undos,
        undos,
        mistakes,
    }
}

/// What happened to one order: the first line of each action, and what was wrong with the others or with their order.
#[derive(Default)]
struct History<'a> {
    seen: Vec<&'a Line>,
    faults: Vec<Fault>,
}

impl<'a> History<'a> {
    fn first(&self, action: Action) -> Option<&'a Line> {
        self.seen.iter().copied().find(|line| line.action == action)
    }

    fn has(&self, action: Action) -> bool {
        self.first(action).is_some()
    }

    fn stands(&self, effect: Action) -> bool {
        self.has(effect) && !self.has(effect.undo())
    }

    /// Takes what happened next.
    fn add(&mut self, line: &'a Line) {
        let action = line.action;
        if let Some(first) = self.first(action) {
            // A second line of the same key is told by the keys.
            if first.key != line.key {
                self.faults.push(Fault::Again { action, first: first.key, second: line.key });
            }
            return;
        }
        match action.undoes() {
            None => self.add_effect(action),
            Some(effect) => self.add_undo(line, effect),
        }
        self.seen.push(line);
    }

    fn add_effect(&mut self, effect: Action) {
        let before = Action::EFFECTS.into_iter().take_while(|&other| other != effect).last();
        if let Some(needs) = before.filter(|&needs| !self.has(needs)) {
            self.faults.push(Fault::OutOfOrder { effect, needs });
        }
        if let Some(undo) = self.seen.iter().find(|line| line.action.undoes().is_some()) {
            self.faults.push(Fault::AfterUndo { effect, undo: undo.action });
        }
    }

    fn add_undo(&mut self, line: &Line, effect: Action) {
        let undo = line.action;
        match self.first(effect) {
            None => self.faults.push(Fault::NothingToUndo { undo, effect }),
            Some(done) if done.amount != line.amount => {
                self.faults.push(Fault::Amount { undo, amount: line.amount, effect, of: done.amount });
            }
            Some(_) => {}
        }
        let later = Action::EFFECTS.into_iter().rev().take_while(|&other| other != effect);
        let standing = later.filter(|&later| self.stands(later)).collect::<Vec<_>>();
        self.faults.extend(standing.into_iter().map(|standing| Fault::UndoneTooEarly { undo, standing }));
    }

    /// All that is wrong with the order, now that its end is known.
    fn end(mut self, end: &End) -> Vec<Fault> {
        for effect in Action::EFFECTS {
            let undo = effect.undo();
            let fault = match end {
                End::Completed if !self.has(effect) => Some(Fault::Missing { effect }),
                End::Compensated if self.stands(effect) => Some(Fault::Standing { effect }),
                _ => None,
            };
            self.faults.extend(fault);
            if *end == End::Completed && self.has(undo) {
                self.faults.push(Fault::Undone { undo });
            }
        }
        if let End::None(state) = end {
            self.faults.push(Fault::NoEnd { state: state.clone() });
        }
        self.faults
    }
}

#[cfg(test)]
mod tests;
