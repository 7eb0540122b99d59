//! The rules that every run has to keep.

mod effects;
mod end;
mod lineage;
mod log;
mod operator;
mod reader;

pub(super) use self::operator::terminated;
use super::outcome::Outcome;
use crate::saga::SagaDefinition;
use crate::testing::saga::stage::Stage;
use crate::testing::saga::world::Played;

type Holds<F> = Box<dyn Fn(&Outcome<'_, F>) -> bool + Send + Sync>;
type HoldsOfAll<F> = Box<dyn Fn(&[Outcome<'_, F>]) -> bool + Send + Sync>;

/// The rules of a test, beside those of every saga.
pub(super) struct Rules<F: SagaDefinition> {
    invariants: Vec<(String, Holds<F>)>,
    of_all: Vec<(String, HoldsOfAll<F>)>,
}

impl<F: SagaDefinition> Default for Rules<F> {
    fn default() -> Self {
        Self { invariants: Vec::new(), of_all: Vec::new() }
    }
}

impl<F: SagaDefinition> Rules<F> {
    pub(super) fn add(&mut self, name: String, holds: Holds<F>) {
        self.invariants.push((name, holds));
    }

    pub(super) fn add_of_all(&mut self, name: String, holds: HoldsOfAll<F>) {
        self.of_all.push((name, holds));
    }

    /// What a run has broken.
    pub(super) fn broken(&self, stage: &Stage<F>, played: &Played<F>) -> Vec<String> {
        let mut broken = played.state.broken.clone();
        let last = played.resumed.as_ref().unwrap_or(&played.instances);
        if played.resumed.is_some() {
            broken.extend(self.invariants(&played.instances, played));
        }
        for whole in last {
            let lineage = lineage::Lineage::of(stage, whole);
            broken.extend(log::broken(stage, &lineage, whole));
            broken.extend(end::broken(stage, &lineage, whole, played));
            broken.extend(effects::broken(stage, &lineage, whole, &played.state.attempts));
            broken.extend(operator::broken(whole));
        }
        broken.extend(effects::keys(stage, last, &played.state.attempts));
        broken.extend(self.invariants(last, played));
        broken.dedup();
        broken
    }

    fn invariants(&self, instances: &[crate::store::SagaWhole], played: &Played<F>) -> Vec<String> {
        let outcomes: Vec<_> = instances.iter().map(|whole| Outcome { whole, played }).collect();
        let mut broken = Vec::new();
        for outcome in &outcomes {
            let own = self.invariants.iter().filter(|(_, holds)| !holds(outcome));
            broken.extend(own.map(|(name, _)| name));
        }
        broken.extend(self.of_all.iter().filter(|(_, holds)| !holds(&outcomes)).map(|(name, _)| name));
        broken.into_iter().map(|name| format!("the invariant of the test: {name}")).collect()
    }
}
