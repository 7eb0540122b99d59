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
        for whole in &played.instances {
            broken.extend(log::broken(&stage.table, F::FAILED.is_some(), whole));
            broken.extend(end::broken(&stage.table, whole));
            broken.extend(effects::broken(&stage.table, whole, &played.state.attempts));
            let outcome = Outcome { whole, played };
            let invariants = self.invariants.iter().filter(|(_, holds)| !holds(&outcome));
            broken.extend(invariants.map(|(name, _)| format!("the invariant of the test: {name}")));
        }
        broken.extend(effects::keys(&played.state.attempts));
        broken.dedup();
        broken
    }
}
