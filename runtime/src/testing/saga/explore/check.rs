//! The rules that every run has to keep.

mod effects;
mod end;
mod log;
mod reader;

use super::outcome::Outcome;
use crate::saga::SagaDefinition;
use crate::testing::saga::stage::Stage;
use crate::testing::saga::world::Played;

type Holds<F> = Box<dyn Fn(&Outcome<'_, F>) -> bool + Send + Sync>;

/// The rules of a test, beside those of every saga.
pub(super) struct Rules<F: SagaDefinition> {
    invariants: Vec<(String, Holds<F>)>,
}

impl<F: SagaDefinition> Default for Rules<F> {
    fn default() -> Self {
        Self { invariants: Vec::new() }
    }
}

impl<F: SagaDefinition> Rules<F> {
    pub(super) fn add(&mut self, name: String, holds: Holds<F>) {
        self.invariants.push((name, holds));
    }

    /// What a run has broken.
    pub(super) fn broken(&self, stage: &Stage<F>, played: &Played<F>) -> Vec<String> {
        let mut broken = played.state.broken.clone();
        let last = played.resumed.as_ref().unwrap_or(&played.instances);
        if played.resumed.is_some() {
            for whole in &played.instances {
                broken.extend(self.invariants(&Outcome { whole, played }));
            }
        }
        for whole in last {
            broken.extend(log::broken(&stage.table, F::FAILED.is_some(), whole));
            broken.extend(end::broken(&stage.table, whole));
            broken.extend(effects::broken(&stage.table, whole, &played.state.attempts));
            broken.extend(self.invariants(&Outcome { whole, played }));
        }
        broken.extend(effects::keys(&played.state.attempts));
        broken.dedup();
        broken
    }

    fn invariants(&self, outcome: &Outcome<'_, F>) -> Vec<String> {
        let broken = self.invariants.iter().filter(|(_, holds)| !holds(outcome));
        broken.map(|(name, _)| format!("the invariant of the test: {name}")).collect()
    }
}
