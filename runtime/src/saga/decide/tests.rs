//! Random sagas with random outcomes, in random order: what holds of all of them.

mod requests;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::{Attempted, Begin, Next, Situation, intent, next, outcome};
use crate::payload::Payload;
use crate::saga::error::StepError;
use crate::saga::faults::Faults;
use crate::saga::options::Retry;
use crate::saga::progress::{Phase, Progress, StepState};
use crate::saga::step::{StepInfo, WayBack};
use crate::saga::table::{Does, Table};
use crate::store::{NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind};

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// What a step of a random saga is.
#[derive(Clone, Debug)]
struct Plan {
    /// Which of the steps before it it comes after, as bits.
    after: u8,
    undoable: bool,
    wait: bool,
    /// How its attempts go: 0 retry, 1 fail, else done.
    forward: Vec<u8>,
    /// How the attempts at its undo go: 0 retry, 1 fail, else undone.
    back: Vec<u8>,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (
        any::<u8>(),
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::collection::vec(0_u8..8, 0..6),
        prop::collection::vec(0_u8..12, 0..4),
    );
    let plan =
        plan.prop_map(|(after, undoable, wait, forward, back)| Plan { after, undoable, wait, forward, back });
    prop::collection::vec(plan, 1..=NAMES.len())
}

/// The table: the steps that come after the pivot, near and far, and the pivot itself try for ever and have no way back. Everything that is beside the pivot comes before it.
fn table(plans: &[Plan], pivot: Option<usize>) -> Table {
    let mut afters: Vec<Vec<usize>> = plans
        .iter()
        .enumerate()
        .map(|(at, plan)| (0..at).filter(|before| plan.after >> before & 1 == 1).collect())
        .collect();
    let pivot = pivot.filter(|pivot| *pivot < plans.len() && !plans[*pivot].wait);
    if let Some(pivot) = pivot {
        afters[pivot] = (0..pivot).collect();
        for after in &mut afters[pivot + 1..] {
            if !after.iter().any(|before| *before >= pivot) {
                after.push(pivot);
            }
        }
    }
    let steps = plans.iter().zip(afters).enumerate().map(|(at, (plan, after))| {
        let late = pivot.is_some_and(|pivot| at >= pivot);
        let mut info = StepInfo::new(NAMES[at], after.leak());
        info.pivot = pivot == Some(at);
        info.retry = if late { Retry::FOREVER } else { Retry { attempts: Some(3), ..Retry::STEP } };
        info.timeout = (!late).then_some(Duration::from_secs(60));
        let undoable = plan.undoable && !late && !plan.wait;
        info.way_back = if undoable { WayBack::Undo("undo") } else { WayBack::NotNeeded };
        (info, if plan.wait { Does::Wait { fails: !late } } else { Does::Act }, undoable)
    });
    Table::new(steps.collect())
}

/// An instance that is run by hand.
struct Sim<'a> {
    plans: &'a [Plan],
    table: &'a Table,
    progress: Progress,
    log: Vec<SagaEntry>,
    messages: Vec<SagaMessage>,
    busy: Vec<bool>,
    running: Vec<Begin>,
    now: OffsetDateTime,
    forward: Vec<usize>,
    back: Vec<usize>,
    faults: Faults,
}

impl<'a> Sim<'a> {
    fn new(plans: &'a [Plan], table: &'a Table, faults: Faults) -> Self {
        let steps = table.steps.len();
        Self {
            plans,
            table,
            progress: Progress::new(steps),
            log: Vec::new(),
            messages: Vec::new(),
            busy: vec![false; steps],
            running: Vec::new(),
            now: OffsetDateTime::UNIX_EPOCH,
            forward: vec![0; steps],
            back: vec![0; steps],
            faults,
        }
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            table: self.table,
            progress: &self.progress,
            messages: &self.messages,
            busy: &self.busy,
            last_word_busy: false,
            has_last_word: false,
            deadline: None,
            now: self.now,
            started_by: None,
            fed_until: self.now,
            faults: self.faults,
        }
    }

    fn record(&mut self, entry: NewSagaEntry) {
        self.check(&entry);
        self.progress.apply(self.table, &entry, self.now);
        let sequence = u32::try_from(self.log.len()).unwrap() + 1;
        self.log.push(SagaEntry { sequence, at: self.now, entry });
        let mut read = Progress::read(self.table, &self.log);
        read.strangers.clear();
        assert_eq!(read, self.progress, "what is read from the log is what was written to it");
    }

    /// What must hold of each entry at the moment in which it is written.
    fn check(&self, entry: &NewSagaEntry) {
        let step = entry.step.as_deref().and_then(|name| self.table.find(name));
        let state = |step: usize| self.progress.steps[step].state;
        match (entry.kind, step) {
            (SagaEntryKind::Intent | SagaEntryKind::Waiting, Some(step)) => {
                assert_eq!(self.progress.phase, Phase::Forward, "nothing is begun when all is undone");
                for before in self.table.steps[step].info.after {
                    assert_eq!(state(*before), StepState::Done, "{} before {}", NAMES[*before], NAMES[step]);
                }
            }
            (SagaEntryKind::TimedOut, Some(step)) => {
                let event = self.messages.iter().find(|message| message.step.as_deref() == Some(NAMES[step]));
                assert_eq!(event, None, "an event that is there wins over a timeout");
            }
            (SagaEntryKind::UndoIntent, Some(step)) => {
                assert!(self.table.steps[step].undoable);
                assert!(!matches!(state(step), StepState::Pending | StepState::Failed | StepState::Undone));
                for follower in &self.table.steps[step].followers {
                    let left = matches!(
                        state(*follower),
                        StepState::Done | StepState::Unknown | StepState::Undoing | StepState::Begun
                    );
                    let left = left && self.table.steps[*follower].undoable;
                    assert!(
                        !left,
                        "{} is undone before {}, which comes after it",
                        NAMES[step], NAMES[*follower]
                    );
                }
            }
            (SagaEntryKind::Compensating, _) => {
                let pivot = self.table.steps.iter().position(|step| step.info.pivot);
                assert!(pivot.is_none_or(|pivot| state(pivot) != StepState::Done), "there is no way back");
            }
            (SagaEntryKind::Completed, _) => {
                assert!(self.progress.steps.iter().all(|step| step.state == StepState::Done));
            }
            (SagaEntryKind::Compensated, _) => {
                for (about, step) in self.table.steps.iter().zip(&self.progress.steps) {
                    let undone = matches!(
                        step.state,
                        StepState::Pending | StepState::Failed | StepState::Undone | StepState::Waiting
                    );
                    assert!(undone || !about.undoable, "{} is left: {step:?}", about.name);
                }
            }
            _ => {}
        }
    }

    /// Decides until something has to be waited for; says until when.
    fn decide(&mut self) -> Option<OffsetDateTime> {
        for _ in 0..1_000 {
            match next(&self.situation()) {
                Next::Record(entries) => entries.into_iter().for_each(|entry| self.record(entry)),
                Next::Begin(begin) => {
                    let entry = intent(self.table, &self.progress, begin);
                    self.record(entry);
                    match begin {
                        Begin::Step(step) | Begin::Undo(step) => self.busy[step] = true,
                        Begin::LastWord => unreachable!(),
                    }
                    self.running.push(begin);
                }
                Next::TimedOut(_) => unreachable!(),
                Next::Rest(due) => return due,
            }
        }
        panic!("it decides for ever: {:#?}", self.log)
    }

    /// One of those that run comes to its end.
    fn finish(&mut self, which: usize) {
        let begin = self.running.swap_remove(which % self.running.len());
        let how = |ways: &[u8], at: &mut usize| {
            *at += 1;
            ways.get(*at - 1).copied().unwrap_or(9)
        };
        let (step, way) = match begin {
            Begin::Step(step) => (step, how(&self.plans[step].forward, &mut self.forward[step])),
            Begin::Undo(step) => (step, how(&self.plans[step].back, &mut self.back[step])),
            Begin::LastWord => unreachable!(),
        };
        self.busy[step] = false;
        let attempted: Attempted = match way {
            0 => Err(StepError::retry("again")),
            1 if self.table.steps[step].info.retry != Retry::FOREVER || self.table.steps[step].info.pivot => {
                Err(StepError::fail("no"))
            }
            _ => Ok(matches!(begin, Begin::Step(_)).then(|| Payload::from_stored("1"))),
        };
        let entry = outcome(self.table, &self.progress, begin, attempted, self.now);
        self.record(entry);
    }

    /// The process dies: what ran has no outcome.
    fn crash(&mut self) {
        self.running.clear();
        self.busy.fill(false);
        self.progress = Progress::read(self.table, &self.log);
    }

    fn leave(&mut self, kind: SagaMessageKind, step: Option<&str>) {
        let number = self.messages.len() as u64 + 1;
        let step = step.map(Arc::from);
        let output = (kind == SagaMessageKind::Event).then(|| Payload::from_stored("1"));
        self.messages.push(SagaMessage {
            number,
            at: self.now,
            kind,
            step,
            event_id: None,
            output,
            origin: None,
            text: None,
        });
    }
}

/// Brings a random saga to its end.
fn run(plans: &[Plan], pivot: Option<usize>, chances: &[u8], faults: Faults) {
    let table = table(plans, pivot);
    let mut sim = Sim::new(plans, &table, faults);
    let mut chances = chances.iter().copied();
    for _ in 0..2_000 {
        let due = sim.decide();
        if sim.progress.phase == Phase::Ended {
            break;
        }
        if sim.progress.parked.is_some() {
            sim.leave(SagaMessageKind::Retry, None);
            continue;
        }
        match chances.next().unwrap_or(255) {
            0..16 => sim.crash(),
            16..24 => sim.leave(SagaMessageKind::Cancel, None),
            24..60 => {
                let step = usize::from(chances.next().unwrap_or(0)) % plans.len();
                sim.leave(SagaMessageKind::Event, Some(NAMES[step]));
            }
            chance if !sim.running.is_empty() => sim.finish(usize::from(chance)),
            _ => match due {
                Some(due) => sim.now = sim.now.max(due),
                // A wait that is not limited gets its event.
                None => {
                    let waiting = sim.progress.steps.iter().position(|step| step.state == StepState::Waiting);
                    let waiting = waiting.unwrap_or_else(|| panic!("it stands still: {:#?}", sim.log));
                    assert_eq!(table.steps[waiting].info.timeout, None, "its time is never over");
                    sim.leave(SagaMessageKind::Event, Some(NAMES[waiting]));
                }
            },
        }
    }
    assert_eq!(sim.progress.phase, Phase::Ended, "it has come to its end: {:#?}", sim.log);
}

fn sagas() -> impl Strategy<Value = (Vec<Plan>, Option<usize>, Vec<u8>)> {
    (plans(), prop::option::of(0_usize..7), prop::collection::vec(any::<u8>(), 0..80))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn p5_every_saga_comes_to_a_sound_end_in_the_right_order((plans, pivot, chances) in sagas()) {
        run(&plans, pivot, &chances, Faults::default());
    }
}

/// The rules above can fail: each of these faults breaks one.
#[test]
fn faults_are_found() {
    let faults = [
        Faults { undo_in_forward_order: true, ..Faults::default() },
        Faults { unknown_is_not_undone: true, ..Faults::default() },
        Faults { timer_is_lost: true, ..Faults::default() },
        Faults { early_event_is_lost: true, ..Faults::default() },
    ];
    for faults in faults {
        let config = ProptestConfig {
            cases: 4_096,
            failure_persistence: None,
            max_shrink_iters: 0,
            ..ProptestConfig::default()
        };
        let found =
            proptest::test_runner::TestRunner::new(config).run(&sagas(), |(plans, pivot, chances)| {
                let ran = std::panic::catch_unwind(|| run(&plans, pivot, &chances, faults));
                ran.map_err(|_| TestCaseError::fail("found"))
            });
        assert!(found.is_err(), "{faults:?} was not found");
    }
}
