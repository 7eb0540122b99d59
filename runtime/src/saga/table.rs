//! The steps of a saga as the engine reads them: without the types of the saga.

use std::sync::Arc;

use super::declaration::SagaDefinition;
use super::erased::{Back, Forward};
use super::step::{StepInfo, WayBack};

/// The steps of a saga.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) steps: Vec<TableStep>,
}

/// A step of a saga.
#[derive(Debug)]
pub(crate) struct TableStep {
    pub(crate) name: Arc<str>,
    pub(crate) info: StepInfo,
    pub(crate) does: Does,
    /// Whether it has an undo.
    pub(crate) undoable: bool,
    /// The places of the steps that come after it, near and far.
    pub(crate) followers: Vec<usize>,
    /// Whether JSON can be read as what it returns.
    pub(crate) reads: Reads,
}

/// Whether JSON can be read.
pub(crate) type Reads = fn(&[u8]) -> Result<(), serde_json::Error>;

/// Of a step of which the type of its output is not known.
fn reads_anything(_: &[u8]) -> Result<(), serde_json::Error> {
    Ok(())
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Runs a function of the user's, or sends a command.
    Act,
    /// Waits for an event; whether the saga fails when the time is over.
    Wait { fails: bool },
}

impl Table {
    pub(crate) fn of<S: SagaDefinition>() -> Self {
        let steps = S::STEPS.iter().map(|step| {
            let does = match &step.call.forward {
                Forward::Run(_) | Forward::Send(_) => Does::Act,
                Forward::Wait(timed_out) => Does::Wait { fails: timed_out.is_none() },
            };
            let undoable = matches!(step.call.back, Some(Back::Run(_) | Back::Send(_)));
            (step.info, does, undoable && matches!(step.info.way_back, WayBack::Undo(_)))
        });
        let mut table = Self::new(steps.collect());
        for (own, definition) in table.steps.iter_mut().zip(S::STEPS) {
            own.reads = definition.reads;
        }
        table
    }

    /// Steps of which nothing but their names is known.
    pub(crate) fn of_names(names: &[Arc<str>]) -> Self {
        let steps = names.iter().map(|name| TableStep {
            name: Arc::clone(name),
            info: StepInfo::new("", &[]),
            does: Does::Act,
            undoable: false,
            followers: Vec::new(),
            reads: reads_anything,
        });
        Self { steps: steps.collect() }
    }

    pub(crate) fn new(steps: Vec<(StepInfo, Does, bool)>) -> Self {
        let followers: Vec<_> = (0..steps.len()).map(|at| followers(&steps, at)).collect();
        let steps = steps.into_iter().zip(followers);
        let steps = steps.map(|((info, does, undoable), followers)| TableStep {
            name: info.name.into(),
            info,
            does,
            undoable,
            followers,
            reads: reads_anything,
        });
        Self { steps: steps.collect() }
    }

    /// The place of a step.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| &*step.name == name)
    }
}

/// Those that come after a step: near and far, each once.
fn followers(steps: &[(StepInfo, Does, bool)], at: usize) -> Vec<usize> {
    let mut reached = vec![false; steps.len()];
    let mut todo = vec![at];
    while let Some(next) = todo.pop() {
        for (place, (info, ..)) in steps.iter().enumerate() {
            if info.after.contains(&next) && !reached[place] {
                reached[place] = true;
                todo.push(place);
            }
        }
    }
    (0..steps.len()).filter(|place| reached[*place] && *place != at).collect()
}
