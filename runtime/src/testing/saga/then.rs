//! What is expected of a run.

use std::fmt::Write;
use std::sync::Arc;

use super::attempt::Attempt;
use super::world::Played;
use crate::command::Command;
use crate::payload::Payload;
use crate::saga::{Direction, SagaDefinition};
use crate::store::{SagaEntryKind, SagaStatus, SagaWhole};
use crate::testing::difference::assert_same;

/// What has become of an instance.
pub struct ThenSaga<F: SagaDefinition> {
    id: Arc<str>,
    whole: SagaWhole,
    played: Played<F>,
}

impl<F: SagaDefinition> ThenSaga<F> {
    #[track_caller]
    pub(super) fn new(id: Arc<str>, played: Played<F>) -> Self {
        let whole = played.instances.iter().find(|whole| whole.record.id == id).cloned();
        let Some(whole) = whole else { panic!("the instance `{id}` of `{}` is not there", F::NAME) };
        let then = Self { id, whole, played };
        assert!(
            then.played.state.broken.is_empty(),
            "{}",
            then.with_tale(&then.played.state.broken.join("\n"))
        );
        then
    }

    /// Expects that everything is done.
    #[track_caller]
    pub fn then_completed(self) -> Self {
        self.then_status(SagaStatus::Completed)
    }

    /// Expects that everything is undone.
    #[track_caller]
    pub fn then_compensated(self) -> Self {
        self.then_status(SagaStatus::Compensated)
    }

    /// Expects that it cannot go on by itself, for a reason that has this text in it.
    #[track_caller]
    pub fn then_parked(self, reason: &str) -> Self {
        let then = self.then_status(SagaStatus::Parked);
        let found = then.whole.record.reason.as_deref().unwrap_or_default();
        assert!(
            found.contains(reason),
            "{}",
            then.with_tale(&format!(
                "it is parked for another reason\n\nexpected: {reason}\nfound:    {found}"
            ))
        );
        then
    }

    /// Expects that it waits at a step, and that nothing ends this but the event.
    #[track_caller]
    pub fn then_waiting(self, step: &str) -> Self {
        let then = self.then_status(SagaStatus::Waiting);
        let found = then.whole.record.step.as_deref().unwrap_or_default();
        assert!(found == step, "{}", then.with_tale(&format!("it waits at `{found}`, and not at `{step}`")));
        then
    }

    /// Expects that exactly these steps were done, in this order; waits count, when their event has come or they went on without it.
    #[track_caller]
    pub fn then_path<'p>(self, steps: impl IntoIterator<Item = &'p str>) -> Self {
        self.same("other steps were done", steps, &[SagaEntryKind::Done, SagaEntryKind::Skipped])
    }

    /// Expects that exactly these steps were undone, in this order.
    #[track_caller]
    pub fn then_undone<'p>(self, steps: impl IntoIterator<Item = &'p str>) -> Self {
        self.same("other steps were undone", steps, &[SagaEntryKind::Undone])
    }

    /// Expects that this command was sent, and decided on by its aggregate.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a test reads better without the `&`")]
    pub fn then_sent<C: Command>(self, command: C) -> Self {
        let expected = Payload::of(C::NAME, &command).map(|payload| pretty(&payload)).unwrap_or_default();
        let sent: Vec<_> = self.sent::<C>().map(pretty).collect();
        if !sent.contains(&expected) {
            let what = format!("`{}` was not sent as expected", C::NAME);
            assert_same(&self.with_tale(&what), &vec![expected], &sent);
        }
        self
    }

    /// Expects that no command of this type was sent.
    #[track_caller]
    pub fn then_not_sent<C: Command>(self) -> Self {
        let sent: Vec<_> = self.sent::<C>().map(pretty).collect();
        assert!(sent.is_empty(), "{}", self.with_tale(&format!("`{}` was sent: {sent:#?}", C::NAME)));
        self
    }

    /// Looks at the services after the run.
    #[track_caller]
    pub fn then_services(self, look: impl FnOnce(&F::Services)) -> Self {
        look(&self.played.services);
        self
    }

    /// Looks at the instance with its whole log.
    #[track_caller]
    pub fn then_instance(self, look: impl FnOnce(&SagaWhole)) -> Self {
        look(&self.whole);
        self
    }

    /// All attempts at steps and undos, in their order.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.played.state.attempts
    }

    #[track_caller]
    fn then_status(self, status: SagaStatus) -> Self {
        let found = self.whole.record.status;
        let reason =
            self.whole.record.reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
        assert!(
            found == status,
            "{}",
            self.with_tale(&format!("`{}` of `{}` is {found}, and not {status}{reason}", self.id, F::NAME))
        );
        self
    }

    #[track_caller]
    fn same<'p>(
        self,
        what: &str,
        expected: impl IntoIterator<Item = &'p str>,
        kinds: &[SagaEntryKind],
    ) -> Self {
        let expected: Vec<_> = expected.into_iter().collect();
        let entries = self.whole.log.iter().map(|entry| &entry.entry);
        let found: Vec<_> = entries
            .filter(|entry| kinds.contains(&entry.kind))
            .filter_map(|entry| entry.step.as_deref())
            .collect();
        if expected != found {
            assert_same(&self.with_tale(what), &expected, &found);
        }
        self
    }

    fn sent<C: Command>(&self) -> impl Iterator<Item = &Payload> {
        let sent = self.played.state.attempts.iter().filter(|attempt| attempt.done);
        sent.filter(|attempt| attempt.effect.direction == Direction::Do || attempt.undoes())
            .filter_map(|attempt| attempt.command.as_ref())
            .filter(|(name, _)| *name == C::NAME)
            .map(|(_, payload)| payload)
    }

    /// A message with what happened.
    fn with_tale(&self, message: &str) -> String {
        let mut text = format!("{message}\n\nwhat happened:\n");
        for line in &self.played.state.tale {
            // Writing into a `String` cannot fail.
            if writeln!(text, "{line}").is_err() {
                break;
            }
        }
        text
    }
}

fn pretty(payload: &Payload) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(payload.as_str());
    value.map_or_else(|_| payload.as_str().to_owned(), |value| format!("{value:#}"))
}
