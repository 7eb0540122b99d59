//! A command that is decided on within a batch: the events that it causes are appended with those of others.

use std::any::type_name;
use std::sync::Arc;

use super::ledger::{body_hash, is_hash_of};
use super::registry::Registry;
use super::target::{AnyTarget, Target, TargetError};
use crate::aggregate::Aggregate;
use crate::command::{Command, CommandContext, Handle};
use crate::event::{EncodedEvent, RawEvent};
use crate::event_set::EventSet;
use crate::fresh_id::fresh_id;
use crate::number::Version;
use crate::panics::caught;
use crate::payload::EncodeError;
use crate::store::{BodyHash, BoxFuture, EventStore, NewEvent};
use crate::stream::{InvalidStreamName, StreamName};

/// A command of any type.
pub(crate) trait AnySent: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The category of its aggregate.
    fn category(&self) -> &'static str;

    /// The stream of its aggregate.
    fn stream(&self) -> Result<StreamName, InvalidStreamName>;

    /// What makes two sendings of one id the same command.
    fn body_hash(&self) -> Result<BodyHash, EncodeError>;

    /// Whether the hash was recorded for this command, by this release or an earlier one.
    fn is_hash(&self, recorded: &BodyHash) -> bool;

    /// The state of its aggregate.
    fn target<'a>(
        &self,
        registry: &'a Arc<Registry>,
        store: &'a dyn EventStore,
        stream: &'a StreamName,
    ) -> BoxFuture<'a, Result<Box<dyn AnyTarget>, TargetError>>;

    /// Asks its aggregate.
    fn decide(&self, target: &dyn AnyTarget, context: &CommandContext) -> Result<Vec<NewEvent>, Undecided>;
}

/// Why a command causes nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undecided {
    /// The aggregate turns it down, for this reason.
    #[error("{0}")]
    Rejected(String),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Two aggregates with one stream: an application is not built with them.
    #[error("{0} is not an aggregate `{1}`")]
    OtherAggregate(StreamName, &'static str),
}

/// A command with the text of its rejection.
pub(crate) struct Sent<C: Command> {
    pub(crate) command: C,
    pub(crate) text: fn(&RejectionOf<C>) -> String,
}

type RejectionOf<C> = <<C as Command>::Aggregate as Handle<C>>::Rejection;

impl<C: Command> AnySent for Sent<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn category(&self) -> &'static str {
        C::Aggregate::CATEGORY
    }

    fn stream(&self) -> Result<StreamName, InvalidStreamName> {
        StreamName::of::<C::Aggregate>(self.command.aggregate_id())
    }

    fn body_hash(&self) -> Result<BodyHash, EncodeError> {
        body_hash(&self.command)
    }

    fn is_hash(&self, recorded: &BodyHash) -> bool {
        is_hash_of(C::NAME, &self.command, recorded)
    }

    fn target<'a>(
        &self,
        registry: &'a Arc<Registry>,
        store: &'a dyn EventStore,
        stream: &'a StreamName,
    ) -> BoxFuture<'a, Result<Box<dyn AnyTarget>, TargetError>> {
        Box::pin(async move {
            let target: Box<dyn AnyTarget> =
                Box::new(Target::<C::Aggregate>::open(registry, store, stream).await?);
            Ok(target)
        })
    }

    fn decide(&self, target: &dyn AnyTarget, context: &CommandContext) -> Result<Vec<NewEvent>, Undecided> {
        let other = || Undecided::OtherAggregate(context.stream.clone(), type_name::<C::Aggregate>());
        let target = target.as_any().downcast_ref::<Target<C::Aggregate>>().ok_or_else(other)?;
        let events = C::Aggregate::handle(&target.hot.state, &self.command, context)
            .map_err(|rejection| Undecided::Rejected((self.text)(&rejection)))?;
        events.iter().map(|event| Ok(caused(target, event, context)?)).collect()
    }
}

fn caused<A: Aggregate>(
    target: &Target<A>,
    event: &A::Events,
    context: &CommandContext,
) -> Result<NewEvent, EncodeError> {
    let event = event.encode()?;
    check_readable::<A>(target.hot.version, &event)?;
    Ok(NewEvent {
        id: fresh_id(),
        name: target.name(event.name),
        schema_version: event.schema_version,
        payload: event.payload,
        correlation_id: Some(context.correlation_id),
        causation_id: Some(context.command_id),
        headers: context.headers.clone(),
    })
}

/// Refuses an event that could not be read back from what is about to be stored.
fn check_readable<A: Aggregate>(version: Version, event: &EncodedEvent) -> Result<(), EncodeError> {
    let (name, payload) = (event.name, event.payload.as_bytes());
    let raw = RawEvent { version, name, schema_version: event.schema_version, payload };
    match caught(|| A::Events::decode(&raw)) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(EncodeError::unreadable(name, error)),
        Err(panic) => Err(EncodeError::unreadable(name, panic)),
    }
}
