//! What contradicts itself in a description.

use std::collections::BTreeSet;

use super::{SagaDescription, StepDescription};
use crate::limits::MAX_STEP_NAME;
use crate::saga::step::{StepKind, WayBack};

impl SagaDescription {
    /// Everything that is wrong with the steps, a sentence each; the macro makes none of these mistakes, a table by hand may. `of` has seen to it that `after` names steps.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.steps.is_empty() {
            found.push("it has no step".to_owned());
        }
        let mut names = BTreeSet::new();
        for StepDescription { name, .. } in &self.steps {
            if !names.insert(name) {
                found.push(format!("two of its steps are named `{name}`"));
            }
            if name.is_empty() || name.len() > MAX_STEP_NAME || name.contains(char::is_control) {
                found.push(format!(
                    "`{name}` cannot be the name of a step: it has 1 to {MAX_STEP_NAME} bytes and no control character"
                ));
            }
        }
        if let Some(circle) = self.circle() {
            found.push(format!("its steps come after each other in a circle: {}", circle.join(" -> ")));
        }
        if !found.is_empty() {
            return found;
        }
        for step in &self.steps {
            found.extend(self.way_back_of(step));
        }
        found
    }

    /// What is wrong with how a step is taken back.
    fn way_back_of(&self, step: &StepDescription) -> Option<String> {
        let name = &step.name;
        let needs_none = step.pivot || matches!(step.kind, StepKind::Wait { .. });
        match (&step.way_back, self.pivot_before_or_beside(step)) {
            (WayBack::Undo(_), _) if step.pivot => {
                Some(format!("`{name}` is the pivot and has an undo, but there is no way back after a pivot"))
            }
            (WayBack::Undo(_), _) if needs_none => {
                Some(format!("`{name}` waits and has an undo, but a wait changes nothing"))
            }
            (WayBack::Undo(_), Some(pivot)) => Some(format!(
                "`{name}` has an undo and does not come before the pivot `{pivot}`, after which there is no way back"
            )),
            (WayBack::NotNeeded, _) if !needs_none && !self.is_past_a_pivot(step) => Some(format!(
                "`{name}` has neither an undo nor a reason to have none, and no pivot comes before it"
            )),
            _ if step.pivot => self.pivot_beside(step).map(|other| {
                format!("`{other}` and `{name}` are both the pivot, and neither comes before the other")
            }),
            (_, Some(pivot)) if matches!(step.kind, StepKind::Wait { fails: true, .. }) => Some(format!(
                "`{name}` fails when its time is over and does not come before the pivot `{pivot}`, after which there is no way back"
            )),
            _ => None,
        }
    }

    fn is_past_a_pivot(&self, step: &StepDescription) -> bool {
        self.before(&step.name).into_iter().any(|before| self.step(before).is_some_and(|before| before.pivot))
    }

    /// A pivot that the step does not come before: the step may have to be done when there is no way back any more.
    fn pivot_before_or_beside(&self, step: &StepDescription) -> Option<&str> {
        let pivots = self.steps.iter().filter(|pivot| pivot.pivot && pivot.name != step.name);
        let mut names = pivots.map(|pivot| pivot.name.as_str());
        names.find(|pivot| !self.before(pivot).contains(step.name.as_str()))
    }

    /// An earlier declared pivot that has no order with this one.
    fn pivot_beside(&self, step: &StepDescription) -> Option<&str> {
        let earlier = self.steps.iter().take_while(|other| other.name != step.name);
        let mut names = earlier.filter(|other| other.pivot).map(|other| other.name.as_str());
        names.find(|other| {
            !self.before(other).contains(step.name.as_str()) && !self.before(&step.name).contains(other)
        })
    }
}
