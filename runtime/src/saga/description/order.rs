//! Which step comes before which.

use std::collections::BTreeSet;

use super::{SagaDescription, StepDescription};

impl SagaDescription {
    /// The steps that have to be done before a step, over any number of steps between.
    pub(crate) fn before<'a>(&'a self, step: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open = vec![step];
        while let Some(next) = open.pop() {
            for before in self.step(next).into_iter().flat_map(|step| &step.after) {
                if found.insert(before.as_str()) {
                    open.push(before);
                }
            }
        }
        found
    }

    /// Steps each of which comes after the next, the last one being the first again; none, if there is no such circle.
    pub(crate) fn circle(&self) -> Option<Vec<&str>> {
        let start = self.steps.iter().find(|step| self.before(&step.name).contains(step.name.as_str()))?;
        let mut path = vec![start.name.as_str()];
        self.walk(start, &mut path, &mut BTreeSet::new()).then_some(path)
    }

    /// Looks for a way back to where the path began.
    fn walk<'a>(
        &'a self,
        at: &'a StepDescription,
        path: &mut Vec<&'a str>,
        tried: &mut BTreeSet<&'a str>,
    ) -> bool {
        for before in &at.after {
            if path.first().is_some_and(|first| first == before) {
                path.push(before);
                return true;
            }
            let Some(next) = self.step(before).filter(|_| tried.insert(before)) else { continue };
            path.push(before);
            if self.walk(next, path, tried) {
                return true;
            }
            path.pop();
        }
        false
    }
}
