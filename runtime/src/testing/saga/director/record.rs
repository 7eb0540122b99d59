//! What happens.

use std::sync::Arc;

use uuid::Uuid;

use super::{Director, Signal};
use crate::payload::Payload;
use crate::saga::{CallContext, Direction, step_key};
use crate::store::{ClaimedSaga, NewSagaEntry, SagaEntryKind, SagaWrite, SagaWritten};
use crate::testing::saga::attempt::Attempt;
use crate::testing::saga::definition::Release;
use crate::testing::saga::tale::Line;
use crate::testing::saga::twist::Effect;

impl Director {
    /// Something has happened; process 0 is the outside.
    pub(in super::super) fn tell(&self, process: u32, what: String) {
        let at = self.began.elapsed();
        self.state().tale.push(Line { at, process, what });
    }

    /// Something is wrong.
    pub(in super::super) fn broken(&self, rule: String) {
        self.state().broken.push(rule);
    }

    /// What is written to instances, for people.
    pub(in super::super) fn writing(&self, writes: &[SagaWrite]) -> String {
        let one = |write: &SagaWrite| {
            let entries: Vec<_> = write.entries.iter().map(shown).collect();
            let entries =
                if entries.is_empty() { "that nothing is to be done".to_owned() } else { entries.join(", ") };
            match self.several.then(|| self.id(write.instance)).flatten() {
                Some(id) => format!("{id}: {entries}"),
                None => entries,
            }
        };
        format!("writing {}", writes.iter().map(one).collect::<Vec<_>>().join("; "))
    }

    /// What is done outside, for people.
    pub(in super::super) fn doing(&self, effect: &Effect) -> String {
        if self.several { format!("{}: doing {effect}", effect.id) } else { format!("doing {effect}") }
    }

    fn id(&self, instance: Uuid) -> Option<Arc<str>> {
        self.records().into_iter().find(|record| record.instance == instance).map(|record| record.id)
    }

    pub(in super::super) fn wrote(&self, process: u32, writes: &[SagaWrite], written: &[SagaWritten]) {
        for (write, written) in writes.iter().zip(written) {
            let what = self.writing(std::slice::from_ref(write));
            let what = what.strip_prefix("writing ").unwrap_or(&what);
            if matches!(written, SagaWritten::Lost) {
                self.tell(process, format!("cannot write {what}: the instance is not its own any more"));
                continue;
            }
            self.tell(process, format!("writes {what}"));
            let waits = write.entries.iter().filter(|entry| entry.kind == SagaEntryKind::Waiting);
            for step in waits.filter_map(|entry| entry.step.clone()) {
                if let Some(id) = self.id(write.instance) {
                    self.signal(Signal::Waiting { id, step });
                }
            }
        }
        self.signal(Signal::Wrote);
    }

    pub(in super::super) fn claimed(&self, process: u32, claimed: &[ClaimedSaga]) {
        let ids: Vec<_> = claimed.iter().map(|one| format!("`{}`", one.record.id)).collect();
        self.tell(process, format!("claims {}", ids.join(", ")));
        self.signal(Signal::Claimed(process));
    }

    /// An attempt is begun. Its intent has to be there, and nothing after it.
    pub(in super::super) fn begun(&self, process: u32, call: &CallContext, command_id: Uuid) {
        let effect = Effect { id: Arc::clone(&call.id), step: call.step.into(), direction: call.direction };
        self.tell(process, format!("begins {effect}"));
        let mut state = self.state();
        let pauses = state.pauses.get(&process).copied().unwrap_or_default();
        state.begun.insert((process, effect.clone()), pauses);
        drop(state);
        let log = self.whole(&call.id).map(|whole| whole.log).unwrap_or_default();
        let own = |entry: &&NewSagaEntry| match &entry.step {
            Some(step) => **step == *call.step,
            None => call.step.is_empty() && is_last_word(entry.kind),
        };
        let last = log.iter().map(|entry| &entry.entry).rfind(own);
        let expected = match (call.step, call.direction) {
            ("", _) => SagaEntryKind::FailureIntent,
            (_, Direction::Do) => SagaEntryKind::Intent,
            (_, Direction::Undo) => SagaEntryKind::UndoIntent,
        };
        match last {
            Some(last) if last.kind == expected && last.attempt == call.attempt => {}
            Some(last) => self.broken(format!(
                "P6: {effect} was begun without an intent: the last that the log says of it is {}",
                shown(last)
            )),
            None => self.broken(format!("P6: {effect} was begun before its intent was recorded")),
        }
        if !call.step.is_empty() && command_id != step_key(call.instance, &call.key_name, call.direction) {
            self.broken(format!("P6: {effect} was begun under a key that is not its own"));
        }
    }

    /// An attempt is made; returns its place among all, and the how many-th of its effect it is.
    pub(in super::super) fn attempted(
        &self,
        (process, release): (u32, Release),
        effect: &Effect,
        call: &CallContext,
        command: Option<(&'static str, Payload)>,
    ) -> (usize, u32) {
        let key = match call.step {
            "" => crate::saga::derived(call.instance, &["failed"]),
            _ => step_key(call.instance, &call.key_name, call.direction),
        };
        let at = self.began.elapsed();
        let mut state = self.state();
        let earlier = state.attempts.iter().filter(|attempt| attempt.effect == *effect).count();
        let moment = state.moments.len();
        state.attempts.push(Attempt {
            effect: effect.clone(),
            key,
            at,
            process,
            release,
            moment,
            command,
            done: false,
            failed: false,
            late: false,
        });
        (state.attempts.len() - 1, u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// What was attempted is done.
    pub(in super::super) fn done(&self, place: usize) {
        let mut state = self.state();
        let Some(attempt) = state.attempts.get_mut(place) else { return };
        attempt.done = true;
        let (process, effect) = (attempt.process, attempt.effect.clone());
        let pauses = state.pauses.get(&process).copied().unwrap_or_default();
        let late = state.begun.get(&(process, effect.clone())).is_some_and(|begun| *begun != pauses);
        if let Some(attempt) = state.attempts.get_mut(place) {
            attempt.late = late;
        }
        drop(state);
        self.tell(process, format!("has done {effect}"));
    }
}

fn is_last_word(kind: SagaEntryKind) -> bool {
    matches!(kind, SagaEntryKind::FailureIntent | SagaEntryKind::FailureRetry | SagaEntryKind::FailureSent)
}

/// An entry, for people.
pub(in super::super) fn shown(entry: &NewSagaEntry) -> String {
    match &entry.step {
        Some(step) => format!("`{step}` {}", entry.kind.as_str()),
        None => entry.kind.as_str().to_owned(),
    }
}
