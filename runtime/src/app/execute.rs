//! The envelope of a command.

use std::any::type_name;
use std::future::IntoFuture;
use std::time::Duration;

use uuid::Uuid;

use super::error::ExecuteError;
use super::execution::{Answer, Execution};
use super::ledger::body_hash;
use super::wait_for::Waits;
use super::{Inner, Kenning};
use crate::command::{Command, CommandContext};
use crate::fresh_id::fresh_id;
use crate::headers::Headers;
use crate::number::Version;
use crate::read_model::ReadModel;
use crate::recorded::Metadata;
use crate::store::{BoxFuture, LedgerEntry};
use crate::stream::StreamName;

/// A command on its way to its aggregate: await it.
///
/// Dropping the future before it has answered leaves it open whether the command has been accepted; nothing is half done. Whoever may stop waiting gives
/// the command an [`id`](Self::id) and sends it again.
#[must_use = "a command is executed when its envelope is awaited"]
pub struct Execute<C> {
    app: Kenning,
    command: C,
    id: Option<Uuid>,
    correlation: Option<Uuid>,
    causation: Option<Uuid>,
    headers: Headers,
    waits: Option<Box<Waits>>,
}

impl<C: Command> Execute<C> {
    pub(super) fn new(app: Kenning, command: C) -> Self {
        Self {
            app,
            command,
            id: None,
            correlation: None,
            causation: None,
            headers: Headers::new(),
            waits: None,
        }
    }

    /// Gives the command an id under which it has its effect once, however often it is sent: an accepted command sent again is answered as the first time, with
    /// [`Executed::replayed`](crate::Executed::replayed); another command under the same id is [`ExecuteError::DuplicateCommand`]. Rejections are not remembered. Ids are remembered for
    /// as long as [`Builder::ledger_retention`](crate::Builder::ledger_retention) says.
    ///
    /// Without it an id is drawn, which is known to nobody before the answer and is not remembered.
    pub fn id(mut self, command_id: Uuid) -> Self {
        self.id = Some(command_id);
        self
    }

    /// Joins a conversation; without it the command opens one under its own id.
    pub fn correlation(mut self, correlation_id: Uuid) -> Self {
        self.correlation = Some(correlation_id);
        self
    }

    /// Says which message has caused the command. Its events name the command itself as their cause.
    pub fn causation(mut self, causation_id: Uuid) -> Self {
        self.causation = Some(causation_id);
        self
    }

    /// Says that an event has caused the command, and joins the event's conversation.
    pub fn caused_by(mut self, event: &Metadata) -> Self {
        self.causation = Some(event.id);
        // An event outside every conversation opens one.
        self.correlation = Some(event.correlation_id.unwrap_or(event.id));
        self
    }

    /// Sets a header, which the events get as well.
    pub fn header(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.headers.insert(name, text);
        self
    }

    /// Sets all headers at once.
    pub fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Has the answer wait until a read model has the command's events, so that a query that follows finds what they did. Where an event was
    /// [parked](Kenning::parked), or waits behind one that was, it is as if the read model had it. Some process has to [run](Kenning::run) the read model. Several may be waited for.
    ///
    /// The wait ends with [`ExecuteError::NotSeen`] after [`wait_timeout`](Self::wait_timeout); the command is accepted even then.
    pub fn wait_for<M: ReadModel>(mut self) -> Self {
        self.waits.get_or_insert_default().add::<M>();
        self
    }

    /// How long the answer waits for all read models together; 5 s if nothing is said.
    pub fn wait_timeout(mut self, timeout: Duration) -> Self {
        self.waits.get_or_insert_default().timeout = timeout;
        self
    }

    /// Borrows the envelope, which the future keeps where it is: each move of a command into a further future would make that larger by one.
    async fn run(&mut self) -> Answer<C> {
        let inner: &Inner = &self.app.inner;
        let Some(_inside) = inner.gate.enter() else { return Err(ExecuteError::Closed) };
        // A store that answers at once would let a loop of commands keep its thread for ever.
        tokio::task::coop::consume_budget().await;
        let Some(runtime) = inner.registry.get::<C::Aggregate>() else {
            return Err(ExecuteError::NotRegistered { aggregate: type_name::<C::Aggregate>() });
        };
        if let Some(waits) = &self.waits {
            waits.check(inner.read_side.as_ref())?;
        }
        let command_id = self.id.unwrap_or_else(fresh_id);
        let ledger = match self.id {
            Some(command_id) => Some(LedgerEntry { command_id, body_hash: body_hash(&self.command)? }),
            None => None,
        };
        let context = CommandContext {
            time: inner.options.clock.now(),
            command_id,
            correlation_id: self.correlation.unwrap_or(command_id),
            causation_id: self.causation,
            headers: std::mem::take(&mut self.headers),
            stream: StreamName::of::<C::Aggregate>(self.command.aggregate_id())?,
            version: Version::ZERO,
        };
        let (store, options, command) = (&*inner.store, &inner.options, &self.command);
        let inline = inner.inline.as_deref();
        let mut execution = Execution { store, inline, options, runtime, command, context, ledger };
        let executed = execution.run().await?;
        if let Some(waits) = &self.waits {
            // Boxed, as what is awaited seldom.
            Box::pin(waits.seen(inner.read_side.as_ref(), &executed)).await?;
        }
        Ok(executed)
    }
}

impl<C: Command> IntoFuture for Execute<C> {
    type Output = Answer<C>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await })
    }
}
