//! What operators ask for in states that the random sagas seldom reach.

use std::time::Duration;

use time::OffsetDateTime;

use crate::payload::Payload;
use crate::saga::decide::{Begin, Next, Situation, intent, next, of_saga, outcome};
use crate::saga::error::StepError;
use crate::saga::fault::FaultKind;
use crate::saga::faults::Faults;
use crate::saga::options::Retry;
use crate::saga::progress::{Moves, Phase, Progress, StepState};
use crate::saga::step::{StepInfo, WayBack};
use crate::saga::table::{Does, Table};
use crate::store::{NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind};

/// Two steps in a row, each with an undo and one attempt.
fn table() -> Table {
    let step = |name, after| {
        let mut info = StepInfo::new(name, after);
        info.retry = Retry { attempts: Some(1), ..Retry::STEP };
        info.way_back = WayBack::Undo("undo");
        (info, Does::Act, true)
    };
    Table::new(vec![step("a", &[]), step("b", &[0])])
}

struct Instance {
    table: Table,
    progress: Progress,
    log: Vec<SagaEntry>,
    messages: Vec<SagaMessage>,
    now: OffsetDateTime,
}

impl Instance {
    fn new() -> Self {
        let (table, now) = (table(), OffsetDateTime::UNIX_EPOCH);
        Self { table, progress: Progress::new(2), log: Vec::new(), messages: Vec::new(), now }
    }

    fn record(&mut self, entry: NewSagaEntry) {
        self.progress.apply(&self.table, &entry, self.now);
        let sequence = u32::try_from(self.log.len()).unwrap() + 1;
        self.log.push(SagaEntry { sequence, at: self.now, entry });
        assert_eq!(self.progress, Progress::read(&self.table, &self.log), "the log says the same");
    }

    fn ask(&mut self, kind: SagaMessageKind, step: Option<&str>) {
        self.messages.push(SagaMessage {
            number: self.messages.len() as u64 + 1,
            at: self.now,
            kind,
            step: step.map(Into::into),
            event_id: None,
            output: None,
            text: Some("an operator says so".to_owned()),
            origin: None,
        });
    }

    fn next(&self, busy: &[bool]) -> Next {
        next(&Situation {
            table: &self.table,
            progress: &self.progress,
            messages: &self.messages,
            busy,
            last_word_busy: false,
            has_last_word: false,
            deadline: None,
            now: self.now,
            started_by: None,
            fed_until: self.now,
            faults: Faults::default(),
        })
    }

    /// Records until something is to be begun, or nothing is to be done.
    fn go(&mut self) -> Next {
        for _ in 0..20 {
            match self.next(&[false, false]) {
                Next::Record(entries) => entries.into_iter().for_each(|entry| self.record(entry)),
                next => return next,
            }
        }
        panic!("it records for ever: {:?}", self.kinds());
    }

    fn begin(&mut self, begin: Begin) {
        let entry = intent(&self.table, &self.progress, begin);
        self.record(entry);
    }

    fn end(&mut self, begin: Begin, attempted: Result<Option<Payload>, StepError>) {
        let entry = outcome(&self.table, &self.progress, begin, attempted, self.now);
        self.record(entry);
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.log.iter().map(|entry| entry.entry.kind.as_str()).collect()
    }
}

fn done() -> Result<Option<Payload>, StepError> {
    Ok(Some(Payload::from_stored("null")))
}

/// Meant to fail without the arm for `Begun` in `Progress::resume`: "the process ended in the
/// middle of attempt 1", and the saga is compensated.
#[test]
fn p5_an_attempt_that_this_release_cannot_make_does_not_count_after_a_retry() {
    let mut instance = Instance::new();
    for _ in 0..3 {
        assert_eq!(instance.go(), Next::Begin(Begin::Step(0)));
        instance.begin(Begin::Step(0));
        assert_eq!(instance.progress.steps[0].attempts, 1);
        instance
            .end(Begin::Step(0), Err(StepError::engine(FaultKind::Unreadable, "an older release wrote it")));
        assert!(instance.progress.parked.is_some());
        assert_eq!(instance.go(), Next::Rest(None));
        instance.now += Duration::from_secs(3_600);
        instance.ask(SagaMessageKind::Retry, None);
    }
    assert_eq!(instance.go(), Next::Begin(Begin::Step(0)));
    assert_eq!(instance.progress.steps[0].began_at, None);
}

/// The process died in the only attempt, and an operator parked the instance before it was taken over.
#[test]
fn p5_a_crashed_last_attempt_is_made_again_when_an_operator_says_so() {
    let mut instance = Instance::new();
    assert_eq!(instance.go(), Next::Begin(Begin::Step(0)));
    instance.begin(Begin::Step(0));
    instance.ask(SagaMessageKind::Skip, Some("#park"));
    assert_eq!(instance.go(), Next::Rest(None));
    instance.ask(SagaMessageKind::Retry, None);
    assert_eq!(instance.go(), Next::Begin(Begin::Step(0)));
    // Without an operator, a crash counts.
    instance.begin(Begin::Step(0));
    instance.go();
    assert_eq!(instance.progress.phase, Phase::Back);
}

/// Meant to fail with `resumed` before `compensating`: `b`, which said no, is undone as one of
/// unknown outcome.
#[test]
fn p5_a_step_that_failed_while_its_instance_was_parked_is_not_undone_after_a_cancel() {
    let mut instance = Instance::new();
    for step in [0, 1] {
        assert_eq!(instance.go(), Next::Begin(Begin::Step(step)));
        instance.begin(Begin::Step(step));
        if step == 0 {
            instance.end(Begin::Step(0), done());
        }
    }
    instance.record(of_saga(SagaEntryKind::Parked, None, Some("an operator looks at it".to_owned())));
    instance.end(Begin::Step(1), Err(StepError::fail("no")));
    instance.ask(SagaMessageKind::Cancel, None);
    assert_eq!(instance.go(), Next::Begin(Begin::Undo(0)));
    assert_eq!(instance.progress.steps[1].state, StepState::Failed);
    instance.begin(Begin::Undo(0));
    instance.end(Begin::Undo(0), Ok(None));
    assert_eq!(instance.go(), Next::Rest(None));
    assert!(
        instance.kinds().ends_with(&[
            "cancelled",
            "compensating",
            "resumed",
            "undo_intent",
            "undone",
            "compensated"
        ]),
        "{:?}",
        instance.kinds()
    );
}

/// Meant to fail without the arm for `Failed` in `skip`: `b` counts as done, and is undone after `a` was.
#[test]
fn p5_a_failed_step_of_an_instance_that_is_compensated_cannot_be_skipped() {
    let mut instance = Instance::new();
    for step in [0, 1] {
        assert_eq!(instance.go(), Next::Begin(Begin::Step(step)));
        instance.begin(Begin::Step(step));
        instance.end(Begin::Step(step), if step == 0 { done() } else { Err(StepError::fail("no")) });
    }
    assert_eq!(instance.go(), Next::Begin(Begin::Undo(0)));
    instance.begin(Begin::Undo(0));
    instance.end(Begin::Undo(0), Err(StepError::fail("not now")));
    instance.ask(SagaMessageKind::Skip, Some("b"));
    assert_eq!(instance.go(), Next::Rest(None));
    assert_eq!(instance.progress.steps[1].state, StepState::Failed);
    assert!(instance.kinds().contains(&"refused"), "{:?}", instance.kinds());
    // The undo can be.
    instance.ask(SagaMessageKind::Skip, Some("a"));
    instance.go();
    assert_eq!(instance.progress.phase, Phase::Ended);
}

/// Meant to fail with the outputs as `serde_json::Value` alone: it is read as `3.402823669209385e+38`.
#[test]
fn p9_an_output_that_a_migration_sets_is_read_bit_for_bit() {
    let outputs = [
        u128::MAX.to_string(),
        "7".to_owned(),
        r#"{"b":1,"a":[340282366920938463463374607431768211455]}"#.to_owned(),
    ];
    let mut moves = Moves::default();
    for (step, output) in ["a", "b", "a"].into_iter().zip(&outputs) {
        moves.set_output(step.to_owned(), &Payload::from_stored(output.as_str())).unwrap();
    }
    let stored = Payload::of("moves", &moves).unwrap();
    let read: Moves = serde_json::from_str(stored.as_str()).unwrap();
    let done: Vec<_> = read.done().map(|(step, output)| (step.to_owned(), output.unwrap())).collect();
    assert_eq!(done.len(), 3);
    for ((_, read), output) in done.iter().zip(&outputs) {
        assert_eq!(read.as_str(), output);
    }
    let entry = of_saga(SagaEntryKind::Migrated, Some(stored), None);
    let log = [SagaEntry { sequence: 1, at: OffsetDateTime::UNIX_EPOCH, entry }];
    let read = Progress::read(&table(), &log);
    assert_eq!(read.steps[0].output.as_ref().map(Payload::as_str), Some(outputs[2].as_str()));
    assert_eq!(read.outputs().get::<u8>(1).unwrap(), 7);
}
