//! What operators ask.

use std::time::Duration;

use std::borrow::Cow;

use super::{SagaEntry, SagaMessage, SagaMessageKind, SagaRecord, SagaStatus};
use crate::payload::Payload;

/// Which instances are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaQuery {
    /// Only of this saga.
    pub saga: Option<String>,
    /// Only with this status.
    pub status: Option<SagaStatus>,
    /// Only those that stand at this step.
    pub step: Option<String>,
    /// Only those started at least so long ago.
    pub older_than: Option<Duration>,
    /// Only those after this saga and id.
    pub after: Option<(String, String)>,
    /// How many at the most.
    pub limit: u32,
}

/// What an operator wants of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaRequest {
    /// It is to be compensated.
    Cancel {
        /// Why.
        reason: String,
    },
    /// A parked one is to continue where it stopped; what pauses is to be tried at once.
    Retry,
    /// The step, or its undo, is to count as done.
    Skip {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// The step is to count as done, with this output.
    SkipWith {
        /// The step.
        step: String,
        /// What it is to have returned, as JSON.
        output: Payload,
        /// Why.
        reason: String,
    },
    /// It is to begin nothing more until an operator says so.
    Park {
        /// Why.
        reason: String,
    },
    /// The command of the failed saga is to count as sent.
    GiveUpFailureCommand {
        /// Why.
        reason: String,
    },
    /// It is to end where it is, with nothing undone.
    Terminate {
        /// Why.
        reason: String,
    },
}

/// A request as it is stored.
///
/// Releases before 0.2 know the kinds `cancel`, `retry` and `skip`. A newer request is a `skip` of a step that no saga
/// has, so that they refuse it in the log.
#[derive(Debug)]
pub struct StoredRequest<'a> {
    /// Its kind.
    pub kind: SagaMessageKind,
    /// The step, or which newer request it is.
    pub step: Option<Cow<'a, str>>,
    /// The output of a step.
    pub output: Option<&'a Payload>,
    /// Why.
    pub text: Option<&'a str>,
}

const PARK: &str = "#park";
const GIVE_UP: &str = "#give-up";
const TERMINATE: &str = "#terminate";
const SKIP_WITH: &str = "#skip-with ";

impl SagaRequest {
    /// As it is stored.
    #[must_use]
    pub fn stored(&self) -> StoredRequest<'_> {
        let (kind, step, output, text) = match self {
            Self::Cancel { reason } => (SagaMessageKind::Cancel, None, None, Some(reason)),
            Self::Retry => (SagaMessageKind::Retry, None, None, None),
            Self::Skip { step, reason } => {
                (SagaMessageKind::Skip, Some(Cow::Borrowed(step.as_str())), None, Some(reason))
            }
            Self::SkipWith { step, output, reason } => {
                let step = format!("{SKIP_WITH}{step}");
                (SagaMessageKind::Skip, Some(Cow::Owned(step)), Some(output), Some(reason))
            }
            Self::Park { reason } => (SagaMessageKind::Skip, Some(PARK.into()), None, Some(reason)),
            Self::GiveUpFailureCommand { reason } => {
                (SagaMessageKind::Skip, Some(GIVE_UP.into()), None, Some(reason))
            }
            Self::Terminate { reason } => (SagaMessageKind::Skip, Some(TERMINATE.into()), None, Some(reason)),
        };
        StoredRequest { kind, step, output, text: text.map(String::as_str) }
    }
}

impl SagaRequest {
    /// Its name.
    const fn name(&self) -> &'static str {
        match self {
            Self::Cancel { .. } => "cancel",
            Self::Retry => "retry",
            Self::Skip { .. } | Self::SkipWith { .. } => "skip",
            Self::Park { .. } => "park",
            Self::GiveUpFailureCommand { .. } => "give up the failure command",
            Self::Terminate { .. } => "terminate",
        }
    }

    /// The text of the entry by which a store answers a request to an instance that has ended. The
    /// entry is of the kind [`Refused`](super::SagaEntryKind::Refused), and its output is
    /// `{"message": n}` with the number of the message.
    #[must_use]
    pub fn refusal_after_the_end(&self) -> String {
        refusal(self.name(), "the instance has ended")
    }
}

fn refusal(name: &str, why: &str) -> String {
    format!("`{name}` was refused: {why}")
}

impl SagaMessage {
    /// Whether an operator has left it.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.kind != SagaMessageKind::Event
    }

    /// What an operator asks for; `None`: it is an event, or a request that this release does not know.
    #[must_use]
    pub fn request(&self) -> Option<SagaRequest> {
        let reason = self.text.clone().unwrap_or_default();
        let step = self.step.as_deref().unwrap_or_default();
        Some(match (self.kind, step) {
            (SagaMessageKind::Event, _) => return None,
            (SagaMessageKind::Cancel, _) => SagaRequest::Cancel { reason },
            (SagaMessageKind::Retry, _) => SagaRequest::Retry,
            (SagaMessageKind::Skip, PARK) => SagaRequest::Park { reason },
            (SagaMessageKind::Skip, GIVE_UP) => SagaRequest::GiveUpFailureCommand { reason },
            (SagaMessageKind::Skip, TERMINATE) => SagaRequest::Terminate { reason },
            (SagaMessageKind::Skip, step) => match (step.strip_prefix(SKIP_WITH), &self.output) {
                (Some(step), Some(output)) => {
                    SagaRequest::SkipWith { step: step.to_owned(), output: output.clone(), reason }
                }
                (Some(_), None) => return None,
                (None, _) if step.starts_with('#') => return None,
                (None, _) => SagaRequest::Skip { step: step.to_owned(), reason },
            },
        })
    }

    /// The text of the entry that refuses it.
    pub(crate) fn refusal(&self, why: &str) -> String {
        let asked = self.request();
        refusal(asked.as_ref().map_or(self.kind.as_str(), SagaRequest::name), why)
    }
}

/// An instance with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaWhole {
    /// The instance.
    pub record: SagaRecord,
    /// Its log.
    pub log: Vec<SagaEntry>,
    /// Everything that was left for it.
    pub messages: Vec<SagaMessage>,
}

/// The outcome of forgetting an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaForgotten {
    /// It is forgotten: the instance, its log and its messages; or the events that were kept for an
    /// instance that was never started.
    Forgotten,
    /// The instance has not ended: nothing was done.
    NotEnded,
    /// There is no such instance, and no event was kept for it.
    Missing,
}

/// A definition, as it was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaDefinitionRecord {
    /// The name of the saga.
    pub saga: String,
    /// Its version.
    pub version: u32,
    /// Its fingerprint.
    pub definition: u64,
    /// What it was: its steps, as the engine describes them, in JSON.
    pub description: String,
    /// Whether a worker whose lease has not run out runs it. Of no meaning when it is saved.
    pub live: bool,
}
