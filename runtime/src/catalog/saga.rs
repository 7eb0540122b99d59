//! What a catalog says of a saga.

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;

use crate::saga::{SagaDefinition, SagaDescription, StepKind};

/// A saga.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaEntry {
    /// The persisted name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// The earliest version whose instances it goes on with: its own, when it has no migrations.
    pub migrates_from: u32,
    /// Its data and its steps.
    pub description: SagaDescription,
    /// The names of the events that start it, sorted.
    pub starts: Vec<&'static str>,
    /// The names of the events that it waits for, sorted.
    pub waits: Vec<&'static str>,
    /// The commands that it sends, in the order of its steps; that of a failed saga last.
    pub sends: Vec<SagaCommandEntry>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
    /// Tells two types of one name and version apart from one type declared twice.
    pub(super) type_id: TypeId,
}

/// A command that a saga sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaCommandEntry {
    /// Its name.
    pub command: &'static str,
    /// The category of the aggregate that decides on it.
    pub category: &'static str,
    /// When it is sent.
    pub when: SagaSends,
}

/// When a saga sends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaSends {
    /// As the step of that name.
    Step(&'static str),
    /// To undo the step of that name.
    Undo(&'static str),
    /// When it has failed, and everything is undone.
    Failed,
}

impl SagaEntry {
    pub(super) fn of<S: SagaDefinition>() -> Self {
        let migrations = u32::try_from(S::MIGRATIONS.len()).unwrap_or(u32::MAX);
        let events = |of_waits: bool| {
            let chosen = S::EVENTS.iter().filter(|event| event.step.is_some() == of_waits);
            chosen.map(|event| event.info.name).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self {
            name: S::NAME,
            version: S::VERSION,
            migrates_from: S::VERSION.saturating_sub(migrations),
            description: SagaDescription::of::<S>(),
            starts: events(false),
            waits: events(true),
            sends: sends::<S>(),
            type_name: type_name::<S>(),
            type_id: TypeId::of::<S>(),
        }
    }
}

fn sends<S: SagaDefinition>() -> Vec<SagaCommandEntry> {
    let mut found = Vec::new();
    for step in S::STEPS {
        let commands =
            [(step.kind, SagaSends::Step(step.info.name)), (step.undo, SagaSends::Undo(step.info.name))];
        for (kind, when) in commands {
            if let StepKind::Send { command, category } = kind {
                found.push(SagaCommandEntry { command, category, when });
            }
        }
    }
    found.extend(S::FAILED.map(|failed| SagaCommandEntry {
        command: failed.name,
        category: failed.category,
        when: SagaSends::Failed,
    }));
    found
}
