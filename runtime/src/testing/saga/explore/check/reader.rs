//! How far the steps are, as a log says it.

use std::fmt;

use crate::saga::{Does, Moves, Table};

/// Reads a log.
pub(super) struct Reader<'a> {
    table: &'a Table,
    pub(super) has_last_word: bool,
    steps: Vec<At>,
    pub(super) compensating: bool,
    pub(super) ended: bool,
    /// An operator has parked it.
    pub(super) parked_by_operator: bool,
    /// Whether the command of the failed saga was sent; `None`: not begun.
    pub(super) told: Option<bool>,
    pub(super) broken: Vec<String>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Nothing,
    Begun,
    Retrying,
    Waiting,
    Done,
    Failed,
    Unknown,
    Undoing,
    Stuck,
    Undone,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "not begun",
            Self::Begun => "begun",
            Self::Retrying => "to be tried again",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "of unknown outcome",
            Self::Undoing => "being undone",
            Self::Stuck => "stuck in its undo",
            Self::Undone => "undone",
        })
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(table: &'a Table, has_last_word: bool) -> Self {
        let steps = vec![At::Nothing; table.steps.len()];
        Self {
            table,
            has_last_word,
            steps,
            compensating: false,
            ended: false,
            parked_by_operator: false,
            told: None,
            broken: Vec::new(),
        }
    }

    /// Goes on with another definition.
    pub(super) fn migrate(&mut self, table: &'a Table, has_last_word: bool, moves: &Moves) {
        let old: Vec<_> =
            self.table.steps.iter().zip(&self.steps).map(|(step, at)| (&*step.name, *at)).collect();
        let at = |name: &str| {
            if moves.outputs.iter().any(|(step, _)| step == name) {
                return At::Done;
            }
            let renamed = moves.renamed.iter().find(|(_, to)| *to == name).map(|(from, _)| from.as_str());
            let is_gone = moves.forgotten.iter().any(|one| one == name)
                || moves.renamed.iter().any(|(from, _)| from == name);
            let before = renamed.unwrap_or(if is_gone { "" } else { name });
            old.iter().find(|(step, _)| *step == before).map_or(At::Nothing, |(_, at)| *at)
        };
        let steps = table.steps.iter().map(|step| at(&step.name)).collect();
        (self.table, self.steps, self.has_last_word) = (table, steps, has_last_word);
    }

    pub(super) fn say(&mut self, broken: String) {
        self.broken.push(broken);
    }

    pub(super) fn name(&self, step: usize) -> String {
        self.table.steps.get(step).map(|step| step.name.to_string()).unwrap_or_default()
    }

    pub(super) fn at(&self, step: usize) -> At {
        self.steps.get(step).copied().unwrap_or(At::Nothing)
    }

    pub(super) fn set(&mut self, step: usize, at: At) {
        if let Some(step) = self.steps.get_mut(step) {
            *step = at;
        }
    }

    /// The steps that a step comes after.
    pub(super) fn before(&self, step: usize) -> Vec<usize> {
        self.table.steps.get(step).map(|step| step.info.after.to_vec()).unwrap_or_default()
    }

    /// The steps that come after a step, near and far.
    pub(super) fn followers(&self, step: usize) -> Vec<usize> {
        let mut followers: Vec<usize> = Vec::new();
        let mut todo = vec![step];
        while let Some(next) = todo.pop() {
            for (place, follower) in self.table.steps.iter().enumerate() {
                if follower.info.after.contains(&next) && !followers.contains(&place) {
                    followers.push(place);
                    todo.push(place);
                }
            }
        }
        followers
    }

    /// Whether a step is still to be undone.
    pub(super) fn is_left(&self, step: usize) -> bool {
        let undoable = self.table.steps.get(step).is_some_and(|step| step.undoable);
        undoable
            && matches!(
                self.at(step),
                At::Begun | At::Retrying | At::Done | At::Unknown | At::Undoing | At::Stuck
            )
    }

    pub(super) fn is_past_pivot(&self) -> bool {
        self.pivots().any(|(_, at)| at == At::Done)
    }

    fn pivots(&self) -> impl Iterator<Item = (bool, At)> {
        let steps = self.table.steps.iter().zip(&self.steps);
        steps.filter(|(step, _)| step.info.pivot).map(|(step, at)| (step.undoable, *at))
    }

    /// Whether there is something that the instance cannot get over by itself.
    pub(super) fn may_park(&self, why: &str) -> bool {
        // No process runs its definition, or there is no way to the deployed one: the log says why.
        if why.starts_with("it follows ") || why.starts_with("it cannot be migrated ") {
            return true;
        }
        if self.compensating {
            return self.steps.contains(&At::Stuck) || self.told == Some(false);
        }
        let no_way_back =
            self.pivots().any(|(undoable, at)| at == At::Done || at == At::Unknown && !undoable);
        no_way_back && self.steps.iter().any(|at| matches!(at, At::Failed | At::Unknown))
    }

    /// It goes on where it stopped, as if what has failed had not been tried.
    pub(super) fn resume(&mut self) {
        self.parked_by_operator = false;
        for (step, at) in self.table.steps.iter().zip(&mut self.steps) {
            *at = match (*at, step.does) {
                (At::Failed | At::Unknown, Does::Wait { .. }) if !self.compensating => At::Nothing,
                (At::Failed | At::Unknown, Does::Act) if !self.compensating => At::Retrying,
                (At::Stuck, _) => At::Undoing,
                (at, _) => at,
            };
        }
    }

    /// Everything has to be undone.
    pub(super) fn nothing_left(&mut self, what: &str) {
        if !self.compensating {
            self.say(format!("P5: {what}, and no compensation has begun"));
        }
        for step in 0..self.steps.len() {
            if self.is_left(step) {
                let (name, at) = (self.name(step), self.at(step));
                self.say(format!("P5: {what}, and `{name}`, which is {at}, was not undone"));
            }
        }
    }

    /// Everything has to be done, and nothing undone.
    pub(super) fn all_done(&mut self) {
        for step in 0..self.steps.len() {
            if self.at(step) != At::Done {
                let (name, at) = (self.name(step), self.at(step));
                self.say(format!("P5: it is completed, and `{name}` is {at}"));
            }
        }
    }
}
