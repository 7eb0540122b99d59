//! What a saga is, as data: stored beside its instances, locked, drawn.

mod check;
mod json;
mod order;
mod step;
#[cfg(test)]
pub(crate) mod tests;

use sha2::{Digest, Sha256};

pub use self::json::InvalidDescription;
pub use self::step::StepDescription;

use super::change::{SagaChanges, compared};
use super::declaration::SagaDefinition;
use super::step::WayBack;
use crate::schema::{Shape, Shapes};

/// What a saga is, as data: its name and version, the structure of its data, and its steps. A store keeps one for each definition that was ever run, so that a later release can
/// [say](Self::compare) whether it may go on with an instance.
///
/// How steps are tried again, how long they may take, what starts the saga and what it sends when it has failed is not in it: those change without harm to instances in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaDescription {
    /// The persisted name.
    pub name: String,
    /// The version.
    pub version: u32,
    /// The structure of the data that an instance is started with.
    pub data: Shape,
    /// The steps, in the order of their declaration.
    pub steps: Vec<StepDescription>,
}

impl SagaDescription {
    /// That of a saga. It is read from the table; nothing is run.
    #[must_use]
    pub fn of<S: SagaDefinition>() -> Self {
        let names: Vec<_> = S::STEPS.iter().map(|step| step.info.name).collect();
        let steps =
            S::STEPS.iter().map(|step| StepDescription::of(&step.info, step.kind, step.output(), &names));
        Self {
            name: S::NAME.to_owned(),
            version: S::VERSION,
            data: Shapes::shape_of::<S>(),
            steps: steps.collect(),
        }
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepDescription> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The fingerprint: equal for equal definitions, on every machine and in every release.
    ///
    /// It is the first eight bytes, big-endian, of the SHA-256 of the [JSON](Self::to_json) with its steps sorted by name, the steps that each comes after sorted likewise, and the names of undo functions
    /// and the reasons why steps cannot be taken back left empty. It is stored with every instance: this never changes.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let canonical = self.clone().without_words();
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(canonical.to_json()));
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// How `now` differs from this one, and whether instances of this one survive that.
    #[must_use]
    pub fn compare(&self, now: &Self) -> SagaChanges {
        compared(self, now)
    }

    /// Without what means nothing to an instance: the order of the declaration, and words for people.
    pub(crate) fn without_words(mut self) -> Self {
        self.steps.sort_by(|a, b| a.name.cmp(&b.name));
        for step in &mut self.steps {
            step.after.sort();
            if let WayBack::Undo(text) | WayBack::Irreversible(text) = &mut step.way_back {
                text.clear();
            }
        }
        self
    }
}
