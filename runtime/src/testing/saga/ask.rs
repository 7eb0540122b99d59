//! What operators request.

use std::fmt;
use std::sync::Arc;

use super::stage::Stage;
use crate::payload::Payload;
use crate::saga::SagaDefinition;
use crate::store::SagaRequest;

/// What an operator requests of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ask {
    Cancel,
    Retry,
    Park,
    Terminate,
    GiveUp,
    /// The step, with what it is to have returned, as JSON.
    Skip(Arc<str>, Option<Arc<str>>),
}

impl Ask {
    pub(super) fn request(&self) -> SagaRequest {
        let reason = || "the test wants it so".to_owned();
        match self {
            Self::Cancel => SagaRequest::Cancel { reason: "the test has it cancelled".to_owned() },
            Self::Retry => SagaRequest::Retry,
            Self::Park => SagaRequest::Park { reason: reason() },
            Self::Terminate => SagaRequest::Terminate { reason: reason() },
            Self::GiveUp => SagaRequest::GiveUpFailureCommand { reason: reason() },
            Self::Skip(step, None) => SagaRequest::Skip { step: step.to_string(), reason: reason() },
            Self::Skip(step, Some(output)) => SagaRequest::SkipWith {
                step: step.to_string(),
                output: Payload::from_stored(output.to_string()),
                reason: reason(),
            },
        }
    }
}

/// Everything that an operator may request of the instances of a test.
pub(super) fn all<F: SagaDefinition>(stage: &Stage<F>) -> Vec<Ask> {
    let Some(outputs) = &stage.operator else { return vec![Ask::Cancel] };
    let mut asks = vec![Ask::Cancel, Ask::Retry, Ask::Park, Ask::Terminate];
    if F::FAILED.is_some() {
        asks.push(Ask::GiveUp);
    }
    for step in &stage.definition.table.steps {
        let given = outputs.iter().filter(|(name, _)| **name == *step.name);
        let given: Vec<_> = given.map(|(_, json)| Some(Arc::clone(json))).collect();
        let unneeded = step.followers.is_empty() || (step.reads)(b"null").is_ok();
        let none = (given.is_empty() && unneeded).then_some(None);
        asks.extend(given.into_iter().chain(none).map(|json| Ask::Skip(Arc::clone(&step.name), json)));
    }
    asks
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancel => f.write_str("cancels the instance"),
            Self::Retry => f.write_str("retries the instance"),
            Self::Park => f.write_str("parks the instance"),
            Self::Terminate => f.write_str("terminates the instance"),
            Self::GiveUp => f.write_str("gives up the command of the failed instance"),
            Self::Skip(step, None) => write!(f, "skips `{step}` of the instance"),
            Self::Skip(step, Some(json)) => write!(f, "skips `{step}` of the instance with {json}"),
        }
    }
}
