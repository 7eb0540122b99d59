//! What a reactor causes.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::command::ReactorCommand;
use super::effect::{Effect, Kind};
use crate::app::{AnySent, Sent, event_hash, is_hash_of, with_sources};
use crate::command::CommandContext;
use crate::event::{EncodedEvent, Event};
use crate::number::Version;
use crate::panics::caught;
use crate::payload::EncodeError;
use crate::recorded::Metadata;
use crate::saga::derived;
use crate::store::{BodyHash, NewEvent};
use crate::stream::StreamName;
use crate::telemetry;

/// What an event causes: commands and further events, which are written in the transaction that moves the reactor's checkpoint, or not at all; and calls to the
/// outside, which are made at once.
///
/// # What happens how often
/// *Commands and events happen once.* Their ids are drawn from the first name of the reactor, which
/// a [rename](crate::ConsumerOptions::renamed_from) keeps, the id of the event and their place
/// among the commands, or events, of this event. They are written together with the checkpoint, and
/// their ids are remembered with them: when the event is delivered again, as after
/// [`reset`](crate::ConsumerHandle::reset), what is remembered is not done again, and what is not
/// is done. They are remembered for as long as
/// [`Builder::ledger_retention`](crate::Builder::ledger_retention) says. A handler that asks for
/// something else under an id that is remembered is not believed: the event is parked.
///
/// *Calls to the outside happen at least once.* No transaction can hold them. They get a key that is the same whenever the event is handled, after a retry, a crash or
/// in another process: whoever is called has to know by it what was done before.
///
/// ```
/// # use kenning::{prelude::*, Effects, ReactorError};
/// # struct Stock;
/// # impl Stock { async fn reserve(&self, _: Uuid, _: &str) -> Result<u64, std::io::Error> { Ok(7) } }
/// # #[derive(Clone, Serialize, Deserialize, Event)] #[kenning(name = "order.placed")]
/// # struct Placed { item: String }
/// # #[derive(Clone, Serialize, Deserialize, Event)] #[kenning(name = "stock.reserved")]
/// # struct Reserved { number: u64 }
/// # async fn order_placed(stock: &Stock, event: &Recorded<Placed>, effects: &mut Effects) -> Result<(), ReactorError> {
/// let number = effects.call("reserve", async |key| stock.reserve(key, &event.item).await).await?;
/// effects.append(event.stream().clone(), Reserved { number });
/// # Ok(()) }
/// ```
///
/// # Order
/// Of two events of one stream, the later one is handled after everything that the earlier one causes has been decided. Events of different streams are
/// handled [at the same time](crate::ConsumerOptions::concurrency). What a batch of events causes is there for others when all of it is: a handler that looks at an aggregate does not find what
/// was caused by an event shortly before.
pub struct Effects {
    reactor: &'static str,
    /// What ids and keys are drawn from: the first name of the reactor.
    first_name: Arc<str>,
    event_id: Uuid,
    correlation_id: Uuid,
    time: OffsetDateTime,
    effects: Vec<Effect>,
    commands: u32,
    events: u32,
    /// What cannot be done of it, by whatever the handler returns.
    problem: Option<String>,
    /// The names of the calls.
    called: Mutex<BTreeSet<String>>,
    /// A call that was made twice.
    twice: watch::Sender<Option<String>>,
}

impl Effects {
    pub(crate) fn new(
        reactor: &'static str,
        first_name: Arc<str>,
        event: &Metadata,
        time: OffsetDateTime,
    ) -> Self {
        Self {
            reactor,
            first_name,
            event_id: event.id,
            // An event outside every conversation opens one.
            correlation_id: event.correlation_id.unwrap_or(event.id),
            time,
            effects: Vec::new(),
            commands: 0,
            events: 0,
            problem: None,
            called: Mutex::default(),
            twice: watch::Sender::new(None),
        }
    }

    /// Sends a command to its aggregate, in the conversation of the event and caused by it. When the aggregate turns it down, nothing of what the event causes is done, and the event is
    /// parked with the reason: retry it when the cause is gone.
    pub fn send<C: ReactorCommand>(&mut self, command: C) {
        self.command(command, None);
    }

    /// Sends a command that the aggregate may turn down: then the command has no effect, and that is all. `why` says why that is in order, for the log.
    pub fn send_or_skip<C: ReactorCommand>(&mut self, command: C, why: &'static str) {
        self.command(command, Some(why));
    }

    /// Appends an event to a stream, whatever the stream has, in the conversation of the event that causes it.
    pub fn append<E: Event>(&mut self, stream: StreamName, event: E) {
        let id = self.next("event", |effects| &mut effects.events);
        let encoded = stored(&event).and_then(|encoded| Ok((encoded, event_hash(&event)?)));
        match encoded {
            Ok((encoded, hash)) => {
                let is_hash = Box::new(move |recorded: &BodyHash| is_hash_of(E::NAME, &event, recorded));
                let event = NewEvent {
                    id,
                    correlation_id: Some(self.correlation_id),
                    causation_id: Some(self.event_id),
                    ..NewEvent::new(encoded)
                };
                self.effects.push(Effect {
                    id,
                    hash,
                    stream,
                    done: false,
                    kind: Kind::Event { event, is_hash },
                });
            }
            Err(error) => self.cannot(with_sources(&error)),
        }
    }

    /// Calls the outside, at once, with a key that is drawn from the reactor, the event and the name: whoever is called sees it again when the event is handled again. Gives what the call gives.
    ///
    /// A name is for one call of an event; a handler that uses one twice is given up, and the event parked. For several calls of one kind there is [`call_for`](Self::call_for).
    ///
    /// # Errors
    /// That of the call. With `?` it becomes a [`ReactorError`](crate::ReactorError): the event is tried again, and parked in the end. A handler that can answer a refusal, as by an event that says so,
    /// looks at it instead.
    pub async fn call<T, E, F>(&self, name: &'static str, call: impl FnOnce(Uuid) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.called_once(name, &[name], call).await
    }

    /// As [`call`](Self::call), for one of several calls of a kind: the key is drawn from `what` as well, such as the number of an article.
    ///
    /// # Errors
    /// That of the call.
    pub async fn call_for<T, E, F>(
        &self,
        name: &'static str,
        what: impl fmt::Display,
        call: impl FnOnce(Uuid) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let what = what.to_string();
        self.called_once(name, &[name, &what], call).await
    }

    async fn called_once<T, E, F>(
        &self,
        name: &'static str,
        words: &[&str],
        call: impl FnOnce(Uuid) -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let full = words.join(" ");
        let first = self.called.lock().unwrap_or_else(PoisonError::into_inner).insert(full.clone());
        if !first {
            self.twice.send_replace(Some(full));
            // Whoever polls the handler gives it up now: it has no answer to go on with.
            return std::future::pending().await;
        }
        let words: Vec<&str> = [&*self.first_name, "call"].iter().chain(words).copied().collect();
        let key = derived(self.event_id, &words);
        let span = tracing::debug_span!("kenning.call", reactor = self.reactor, call = full, %key);
        let began = Instant::now();
        let answer = call(key).instrument(span).await;
        telemetry::called(self.reactor, name, answer.is_ok(), began.elapsed());
        answer
    }

    fn command<C: ReactorCommand>(&mut self, command: C, skip: Option<&'static str>) {
        let id = self.next("command", |effects| &mut effects.commands);
        let sent = Sent { command, text: C::rejection };
        let (stream, hash) = match (sent.stream(), sent.body_hash()) {
            (Ok(stream), Ok(hash)) => (stream, hash),
            (Err(error), _) => return self.cannot(error.to_string()),
            (_, Err(error)) => return self.cannot(with_sources(&error)),
        };
        let context = CommandContext {
            command_id: id,
            correlation_id: self.correlation_id,
            causation_id: Some(self.event_id),
            ..CommandContext::new(stream.clone(), Version::ZERO, self.time)
        };
        let kind = Kind::Command { sent: Box::new(sent), context, skip };
        self.effects.push(Effect { id, hash, stream, done: false, kind });
    }

    /// The id of the next command, or event.
    fn next(&mut self, kind: &str, count: fn(&mut Self) -> &mut u32) -> Uuid {
        let count = count(self);
        let ordinal = count.to_string();
        *count += 1;
        derived(self.event_id, &[&*self.first_name, kind, &ordinal])
    }

    fn cannot(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// Hears of a call that was made twice.
    pub(crate) fn twice(&self) -> watch::Receiver<Option<String>> {
        self.twice.subscribe()
    }

    /// What was asked for, or why it cannot be done.
    pub(crate) fn into_effects(self) -> Result<Vec<Effect>, String> {
        self.problem.map_or(Ok(self.effects), Err)
    }
}

/// An event as a store takes it, if it can be read back.
fn stored<E: Event>(event: &E) -> Result<EncodedEvent, EncodeError> {
    let encoded = event.encode()?;
    let read = caught(|| E::decode(encoded.schema_version, encoded.payload.as_bytes()));
    match read {
        Ok(Ok(_)) => Ok(encoded),
        Ok(Err(error)) => Err(EncodeError::unreadable(E::NAME, error)),
        Err(panic) => Err(EncodeError::unreadable(E::NAME, panic)),
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").field("effects", &self.effects).finish_non_exhaustive()
    }
}
