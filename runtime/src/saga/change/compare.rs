//! Finding what differs.

use std::collections::BTreeSet;

use super::text::does;
use super::{SagaChange, SagaChangeKind as Kind, SagaChanges};
use crate::saga::description::{SagaDescription, StepDescription};
use crate::saga::step::{StepKind, WayBack};
use crate::schema::{Evolution, Shape};

/// Two definitions, and what was found.
struct Comparison<'a> {
    old: &'a SagaDescription,
    new: &'a SagaDescription,
    /// Steps that are gone, with those that look like them under other names.
    heirs: Vec<(&'a str, &'a str)>,
    found: Vec<SagaChange>,
}

pub(in crate::saga) fn compared(old: &SagaDescription, new: &SagaDescription) -> SagaChanges {
    let mut comparison = Comparison { old, new, heirs: Vec::new(), found: Vec::new() };
    comparison.find_heirs();
    comparison.structure(None, &old.data, &new.data);
    for step in &old.steps {
        match new.step(&step.name) {
            Some(now) => comparison.step(step, now),
            None => comparison.removed(step),
        }
    }
    for step in new.steps.iter().filter(|step| old.step(&step.name).is_none()) {
        comparison.added(step);
    }
    SagaChanges { saga: old.name.clone(), version: old.version, list: comparison.found }
}

impl<'a> Comparison<'a> {
    fn push(&mut self, step: &str, kind: Kind) {
        self.found.push(SagaChange { step: Some(step.to_owned()), kind });
    }

    fn structure(&mut self, step: Option<&str>, old: &Shape, new: &Shape) {
        for (path, change) in Evolution::between("", old, new) {
            let kind = Kind::Structure { path, change };
            self.found.push(SagaChange { step: step.map(str::to_owned), kind });
        }
    }

    fn step(&mut self, old: &StepDescription, new: &StepDescription) {
        let name = &old.name;
        match (&old.kind, &new.kind) {
            (StepKind::Wait { event: a, fails: before }, StepKind::Wait { event: b, fails }) if a == b => {
                if before != fails {
                    self.push(name, Kind::Timeout { fails: *fails });
                }
            }
            (a, b) if a == b => {}
            (a, b) => self.push(name, Kind::Replaced { from: does(a), to: does(b) }),
        }
        self.structure(Some(name), &old.output, &new.output);
        if self.known_before(name, self.old) != self.known_before(name, self.new) {
            self.push(name, Kind::Reordered { from: old.after.clone(), to: new.after.clone() });
        }
        match (&old.way_back, &new.way_back) {
            (WayBack::Undo(_), WayBack::Undo(_)) => {}
            (WayBack::Undo(_), _) => self.push(name, Kind::UndoRemoved),
            (_, WayBack::Undo(_)) => self.push(name, Kind::UndoAdded),
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => {}
            _ => self.push(name, Kind::WayBackReworded),
        }
        match (old.pivot, new.pivot) {
            (false, true) => self.push(name, Kind::PivotAdded),
            (true, false) => self.push(name, Kind::PivotRemoved),
            _ => {}
        }
    }

    /// The steps before a step, in one of the definitions, that are in both. It is their order that counts, not which edges say so.
    fn known_before(&self, name: &'a str, of: &'a SagaDescription) -> BTreeSet<&'a str> {
        of.before(name).into_iter().filter(|step| self.is_in_both(step)).collect()
    }

    fn removed(&mut self, step: &StepDescription) {
        let heir = self.heirs.iter().find(|(past, _)| *past == step.name);
        let kind = match heir {
            Some((_, heir)) => Kind::StepRenamed { to: (*heir).to_owned() },
            None => Kind::StepRemoved,
        };
        self.push(&step.name, kind);
    }

    fn added(&mut self, step: &StepDescription) {
        if self.heirs.iter().any(|(_, heir)| *heir == step.name) {
            return;
        }
        let later = self.old.steps.iter().find(|old| self.new.before(&old.name).contains(step.name.as_str()));
        let kind = match later {
            Some(later) => Kind::StepInserted { before: later.name.clone() },
            None => Kind::StepAdded,
        };
        self.push(&step.name, kind);
    }

    /// Pairs those that are gone with new ones that do the same between the same steps, in the order of their declaration.
    fn find_heirs(&mut self) {
        for past in self.old.steps.iter().filter(|step| self.new.step(&step.name).is_none()) {
            let heir = self.new.steps.iter().find(|heir| {
                self.old.step(&heir.name).is_none()
                    && !self.heirs.iter().any(|(_, taken)| *taken == heir.name)
                    && (&heir.kind, &heir.output) == (&past.kind, &past.output)
                    && self.around(&heir.name, self.new) == self.around(&past.name, self.old)
            });
            if let Some(heir) = heir {
                self.heirs.push((&past.name, &heir.name));
            }
        }
    }

    /// The steps before and after a step that are in both definitions.
    fn around(&self, name: &'a str, of: &'a SagaDescription) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
        let later = of.steps.iter().filter(|step| of.before(&step.name).contains(name));
        let later = later.map(|step| step.name.as_str()).filter(|step| self.is_in_both(step));
        (self.known_before(name, of), later.collect())
    }

    fn is_in_both(&self, step: &str) -> bool {
        self.old.step(step).is_some() && self.new.step(step).is_some()
    }
}
