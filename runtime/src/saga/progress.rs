//! How far an instance has come: what its log says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::OffsetDateTime;

use super::failure::SagaFailure;
pub(crate) use super::note::{LONGEST_PAUSE, Moves, Note};
use super::outputs::Outputs;
use super::table::Table;
use crate::payload::Payload;
use crate::store::{NewSagaEntry, SagaEntry, SagaEntryKind};

/// How far one step has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StepProgress {
    pub(crate) state: StepState,
    pub(crate) output: Option<Payload>,
    /// How often it was begun; of an undo that is under way, how often that was.
    pub(crate) attempts: u32,
    pub(crate) undo_attempts: u32,
    /// When it was begun first; of a wait, when that began.
    pub(crate) began_at: Option<OffsetDateTime>,
    /// When its undo was begun first.
    pub(crate) undo_began_at: Option<OffsetDateTime>,
    /// It is not tried again sooner.
    pub(crate) due: Option<OffsetDateTime>,
    /// An attempt was begun, and the log has no outcome of it.
    pub(crate) open: bool,
    /// How many attempts in a row have no outcome in the log: their processes ended in the middle.
    pub(crate) crashes: u32,
    /// How many attempts in a row the engine could not make, for faults of its own.
    pub(crate) faults: u32,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StepState {
    /// It was not begun.
    #[default]
    Pending,
    /// It was begun. Whether it was done is not known before its outcome is recorded.
    Begun,
    /// It waits for its event.
    Waiting,
    Done,
    /// It is not done, and never will be.
    Failed,
    /// It was given up, and it is not known whether it was done.
    Unknown,
    /// Its undo was begun.
    Undoing,
    /// Its undo was given up.
    Stuck,
    Undone,
}

/// In which direction an instance goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Forward,
    /// It is compensated.
    Back,
    /// It has come to its end.
    Ended,
}

/// How far an instance has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    /// Why it cannot go on by itself.
    pub(crate) parked: Option<String>,
    pub(crate) failure: Option<SagaFailure>,
    /// Why it is compensated, in a sentence.
    pub(crate) why: Option<String>,
    pub(crate) steps: Vec<StepProgress>,
    /// Steps that were begun and are none of the table's.
    pub(crate) strangers: BTreeSet<String>,
    /// The command of the failed saga: how often it was begun, when it is due, whether it was sent.
    pub(crate) last_word: StepProgress,
    /// The numbers of the messages that were dealt with.
    pub(crate) dealt_with: BTreeSet<u64>,
    /// What each step failed with last.
    pub(crate) reasons: BTreeMap<Arc<str>, String>,
    /// What steps are called now that were called otherwise when messages for them were left.
    pub(crate) renamed: BTreeMap<String, String>,
    /// Steps that a migration has forgotten.
    pub(crate) forgotten: BTreeSet<String>,
    /// The steps that have ended with an outcome of their own, in order: none was skipped, none timed out.
    pub(crate) ended: Vec<Arc<str>>,
    /// The names of which the keys of steps are drawn, where those are others than their names of today.
    pub(crate) key_names: BTreeMap<String, Arc<str>>,
}

impl Progress {
    /// That of an instance that has not begun.
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            phase: Phase::Forward,
            parked: None,
            failure: None,
            why: None,
            steps: vec![StepProgress::default(); steps],
            strangers: BTreeSet::new(),
            last_word: StepProgress::default(),
            dealt_with: BTreeSet::new(),
            reasons: BTreeMap::new(),
            renamed: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            ended: Vec::new(),
            key_names: BTreeMap::new(),
        }
    }

    /// What a log says, read with a table: steps are found by their names.
    pub(crate) fn read(table: &Table, log: &[SagaEntry]) -> Self {
        let mut reader = Reader::default();
        let mut progress = Self::new(0);
        for entry in log {
            reader.read(&mut progress, entry);
        }
        progress.steps =
            table.steps.iter().map(|step| reader.steps.remove(&step.name).unwrap_or_default()).collect();
        let begun = reader.steps.into_iter().filter(|(_, step)| step.state != StepState::Pending);
        progress.strangers = begun.map(|(name, _)| name.to_string()).collect();
        progress
    }

    /// The same after one more entry.
    pub(crate) fn apply(&mut self, table: &Table, entry: &NewSagaEntry, at: OffsetDateTime) {
        match entry.step.as_deref() {
            Some(name) => {
                let Some(step) = table.find(name).and_then(|place| self.steps.get_mut(place)) else { return };
                step.apply(entry, at);
                self.of_step(entry);
            }
            None => self.whole(entry, at),
        }
    }

    /// The name of which the keys of a step are drawn.
    pub(crate) fn key_name(&self, step: &str) -> Arc<str> {
        self.key_names.get(step).map_or_else(|| step.into(), Arc::clone)
    }

    /// Steps were renamed, all at once, and keep the keys of their first names.
    fn keep_keys(&mut self, renamed: &[(String, String)]) {
        let kept: Vec<_> = renamed.iter().map(|(from, to)| (to.clone(), self.key_name(from))).collect();
        // What is called so from now on is another step.
        for (from, _) in renamed {
            let name = format!("{}#", self.key_name(from));
            self.key_names.insert(from.clone(), name.into());
        }
        self.key_names.extend(kept);
    }

    /// What the steps have returned.
    pub(crate) fn outputs(&self) -> Outputs {
        let mut outputs = Outputs::new(self.steps.len());
        for (place, step) in self.steps.iter().enumerate() {
            if let Some(output) = &step.output {
                outputs.set(place, output.clone());
            }
        }
        outputs
    }

    /// What an entry of a step says of the whole.
    fn of_step(&mut self, entry: &NewSagaEntry) {
        if let (Some(step), Some(text)) = (&entry.step, &entry.text) {
            self.reasons.insert(Arc::clone(step), text.clone());
        }
        if let (SagaEntryKind::Done, Some(step), None) = (entry.kind, &entry.step, &entry.text) {
            self.ended.push(Arc::clone(step));
        }
        if matches!(entry.kind, SagaEntryKind::Skipped | SagaEntryKind::Refused) {
            self.dealt_with.extend(Note::of(entry).message);
        }
    }

    fn whole(&mut self, entry: &NewSagaEntry, at: OffsetDateTime) {
        let text = || entry.text.clone().unwrap_or_default();
        match entry.kind {
            SagaEntryKind::Compensating => {
                self.phase = Phase::Back;
                let failure = entry.output.as_ref().and_then(|it| serde_json::from_str(it.as_str()).ok());
                self.failure = Some(failure.unwrap_or_else(|| SagaFailure::of_saga(text())));
                self.why = Some(text());
            }
            SagaEntryKind::Cancelled | SagaEntryKind::Refused => {
                self.dealt_with.extend(Note::of(entry).message);
            }
            SagaEntryKind::Parked => {
                self.dealt_with.extend(Note::of(entry).message);
                self.parked = Some(text());
            }
            // The command of the failed saga counts as sent.
            SagaEntryKind::Skipped => {
                self.dealt_with.extend(Note::of(entry).message);
                self.last_word.state = StepState::Done;
            }
            SagaEntryKind::Resumed => {
                self.dealt_with.extend(Note::of(entry).message);
                self.resume();
            }
            SagaEntryKind::FailureIntent => self.last_word.begin(entry, at),
            SagaEntryKind::FailureRetry => self.last_word.attempts = self.last_word.pause(entry, at),
            SagaEntryKind::FailureSent => self.last_word.state = StepState::Done,
            SagaEntryKind::Completed | SagaEntryKind::Compensated => self.phase = Phase::Ended,
            _ => {}
        }
    }

    /// It goes on where it stopped, as if what has failed had not been tried.
    fn resume(&mut self) {
        let was_parked = self.parked.take().is_some();
        for step in self.steps.iter_mut().chain([&mut self.last_word]) {
            (step.due, step.faults, step.crashes) = (None, 0, 0);
            match (&self.phase, step.state) {
                (Phase::Forward, StepState::Failed | StepState::Unknown) => {
                    // One that was never begun is a wait whose time was over.
                    step.state = if step.attempts == 0 { StepState::Pending } else { StepState::Begun };
                    (step.attempts, step.began_at, step.open) = (0, None, false);
                }
                // The attempt in which it was parked has no outcome in the log, and does not count.
                (Phase::Forward, StepState::Begun) if was_parked && step.open => {
                    (step.attempts, step.open) = (step.attempts.saturating_sub(1), false);
                    step.began_at = step.began_at.filter(|_| step.attempts > 0);
                }
                (_, StepState::Stuck | StepState::Undoing) => {
                    step.state = StepState::Undoing;
                    (step.undo_attempts, step.undo_began_at, step.open) = (0, None, false);
                }
                _ => {}
            }
        }
    }
}

/// Reads a log whose steps may have other names than those of today.
#[derive(Default)]
struct Reader {
    steps: BTreeMap<Arc<str>, StepProgress>,
}

impl Reader {
    fn read(&mut self, progress: &mut Progress, entry: &SagaEntry) {
        let SagaEntry { at, entry, .. } = entry;
        match &entry.step {
            Some(name) => {
                self.steps.entry(Arc::clone(name)).or_default().apply(entry, *at);
                progress.of_step(entry);
            }
            None if entry.kind == SagaEntryKind::Migrated => self.moved(progress, entry),
            None => {
                // Resuming looks at all steps.
                let names: Vec<_> = self.steps.keys().cloned().collect();
                progress.steps = std::mem::take(&mut self.steps).into_values().collect();
                progress.whole(entry, *at);
                self.steps = names.into_iter().zip(std::mem::take(&mut progress.steps)).collect();
            }
        }
    }

    fn moved(&mut self, progress: &mut Progress, entry: &NewSagaEntry) {
        let moves =
            entry.output.as_ref().and_then(|moves| serde_json::from_str::<Moves>(moves.as_str()).ok());
        let moves = moves.unwrap_or_default();
        let done: Vec<_> = moves.done().map(|(name, output)| (Arc::from(name), output)).collect();
        let Moves { keeps_keys, renamed, forgotten, .. } = moves;
        if keeps_keys {
            progress.keep_keys(&renamed);
        }
        // All at once: two steps may change their names.
        let moved: Vec<_> =
            renamed.iter().filter_map(|(from, to)| Some((to, self.steps.remove(&**from)?))).collect();
        for (to, step) in moved {
            self.steps.insert(to.as_str().into(), step);
        }
        for ended in &mut progress.ended {
            if let Some((_, to)) = renamed.iter().find(|(from, _)| **from == **ended) {
                *ended = to.as_str().into();
            }
        }
        progress.renamed.extend(renamed);
        for name in forgotten {
            self.steps.remove(&*name);
            if keeps_keys {
                // A step that is called so later on is another one.
                let next = format!("{}#", progress.key_name(&name));
                progress.key_names.insert(name.clone(), next.into());
            }
            progress.forgotten.insert(name);
        }
        for (name, output) in done {
            let step = self.steps.entry(name).or_default();
            step.output = output;
            step.state = StepState::Done;
        }
    }
}

impl StepProgress {
    fn begin(&mut self, entry: &NewSagaEntry, at: OffsetDateTime) {
        self.state = StepState::Begun;
        self.attempts = entry.attempt;
        self.began_at.get_or_insert(at);
        self.attempt();
    }

    /// An attempt begins.
    fn attempt(&mut self) {
        self.due = None;
        self.crashes = if self.open { self.crashes.saturating_add(1) } else { 0 };
        self.open = true;
    }

    /// An attempt has ended, and is made again. Returns how many count by now.
    fn pause(&mut self, entry: &NewSagaEntry, at: OffsetDateTime) -> u32 {
        let note = Note::of(entry);
        let longest = u64::try_from(LONGEST_PAUSE.as_millis()).unwrap_or(u64::MAX);
        let pause = i64::try_from(note.pause.unwrap_or_default().min(longest)).unwrap_or_default();
        let due = at.checked_add(time::Duration::milliseconds(pause));
        self.due = Some(due.unwrap_or(OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT)));
        self.open = false;
        self.faults = note.faults.unwrap_or_default();
        let attempts =
            if entry.kind == SagaEntryKind::UndoRetry { self.undo_attempts } else { self.attempts };
        attempts.saturating_sub(u32::from(note.uncounted))
    }

    fn apply(&mut self, entry: &NewSagaEntry, at: OffsetDateTime) {
        match entry.kind {
            SagaEntryKind::Intent => self.begin(entry, at),
            SagaEntryKind::Retry => {
                self.attempts = self.pause(entry, at);
                // What was never tried has not begun either.
                if self.attempts == 0 && self.faults > 0 {
                    self.began_at = None;
                }
            }
            SagaEntryKind::UndoRetry => {
                self.undo_attempts = self.pause(entry, at);
                if self.undo_attempts == 0 && self.faults > 0 {
                    self.undo_began_at = None;
                }
            }
            SagaEntryKind::Done => {
                (self.state, self.open, self.crashes, self.faults) = (StepState::Done, false, 0, 0);
                self.output.clone_from(&entry.output);
            }
            SagaEntryKind::Failed | SagaEntryKind::TimedOut => {
                (self.state, self.open) = (StepState::Failed, false);
            }
            SagaEntryKind::Unknown => (self.state, self.open, self.crashes) = (StepState::Unknown, false, 0),
            SagaEntryKind::Waiting => {
                self.state = StepState::Waiting;
                self.began_at = Some(at);
            }
            SagaEntryKind::UndoIntent => {
                self.state = StepState::Undoing;
                self.undo_attempts = entry.attempt;
                self.undo_began_at.get_or_insert(at);
                self.attempt();
            }
            SagaEntryKind::Undone => self.state = StepState::Undone,
            SagaEntryKind::UndoFailed => self.state = StepState::Stuck,
            SagaEntryKind::Skipped => {
                self.state = match self.state {
                    StepState::Undoing | StepState::Stuck => StepState::Undone,
                    _ => StepState::Done,
                };
                self.due = None;
            }
            _ => {}
        }
    }
}
