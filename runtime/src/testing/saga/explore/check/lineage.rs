//! The definitions that an instance has followed.

use crate::saga::{Moves, SagaDefinition};
use crate::store::{NewSagaEntry, SagaEntryKind, SagaWhole};
use crate::testing::saga::definition::Release;
use crate::testing::saga::stage::Stage;

/// The definitions that an instance has followed.
pub(super) struct Lineage {
    pub(super) first: Release,
    pub(super) last: Release,
    moves: Vec<Moves>,
}

impl Lineage {
    pub(super) fn of<F: SagaDefinition>(stage: &Stage<F>, whole: &SagaWhole) -> Self {
        let last = stage.release(whole.record.definition);
        let migrations = whole.log.iter().filter(|entry| entry.entry.kind == SagaEntryKind::Migrated);
        let moves: Vec<_> = migrations.map(|entry| moves(&entry.entry)).collect();
        let started = stage.instances.iter().find(|new| new.id == whole.record.id);
        let first = match started {
            Some(new) => new.release,
            None if moves.is_empty() => last,
            None => stage.first(),
        };
        Self { first, last, moves }
    }

    /// What the definition that the instance follows last calls a step of a release; `None`: it has
    /// forgotten it.
    pub(super) fn today(&self, release: Release, step: &str) -> Option<String> {
        let mut name = step.to_owned();
        if release == self.last {
            return Some(name);
        }
        for moves in &self.moves {
            if moves.forgotten.contains(&name) {
                return None;
            }
            if let Some((_, to)) = moves.renamed.iter().find(|(from, _)| *from == name) {
                name.clone_from(to);
            }
        }
        Some(name)
    }
}

/// What a migration moves.
pub(super) fn moves(entry: &NewSagaEntry) -> Moves {
    entry.output.as_ref().and_then(|moves| serde_json::from_str(moves.as_str()).ok()).unwrap_or_default()
}
