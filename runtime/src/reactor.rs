//! Reactors: choreography. Events cause commands, further events, and calls to the outside.

use crate::check::Shared;
use crate::event::{Event, EventInfo};
use crate::recorded::{Recorded, RecordedEvent};
use crate::store::BoxFuture;

mod command;
mod effect;
mod effects;
mod error;

pub use self::command::ReactorCommand;
pub use self::effects::Effects;
pub use self::error::{ReactorError, ReactorReturn};

pub(crate) use self::effect::{Effect, Kind};

/// Follows events with [effects](Effects). `#[reactor]` on an `impl` block writes this impl.
///
/// For each event its handler is called first, outside of any transaction: it may take its time, up to the [timeout](crate::ConsumerOptions::timeout). Then the commands that it has sent are decided by
/// their aggregates, and what they cause is appended in one transaction with the events that the handler has appended, and with the reactor's checkpoint. Where
/// others have written to the same streams meanwhile, the commands are decided anew; the handler is not asked again.
///
/// # By hand
/// ```
/// # use kenning::{prelude::*, Effects, React, Reactor, ReactorError, ReactorEvent, StreamName};
/// # use kenning::store::BoxFuture;
/// #[derive(Clone, Serialize, Deserialize, Event)]
/// #[kenning(name = "order.placed")]
/// struct OrderPlaced { item: String }
///
/// #[derive(Clone, Serialize, Deserialize, Event)]
/// #[kenning(name = "list.item_wanted")]
/// struct ItemWanted { by: String }
///
/// /// Keeps a list of who wants what.
/// struct Lists;
///
/// impl Reactor for Lists {
///     const NAME: &'static str = "lists";
///     const VERSION: u32 = 1;
///     const EVENTS: &'static [ReactorEvent<Self>] = &[ReactorEvent::of::<OrderPlaced>()];
/// }
///
/// impl React<OrderPlaced> for Lists {
///     fn react<'a>(
///         &'a self,
///         event: &'a Recorded<OrderPlaced>,
///         effects: &'a mut Effects,
///     ) -> BoxFuture<'a, Result<(), ReactorError>> {
///         Box::pin(async move {
///             let list = StreamName::new("list", &event.item)?;
///             effects.append(list, ItemWanted { by: event.stream().id().to_owned() });
///             Ok(())
///         })
///     }
/// }
///
/// # async fn run(store: MemoryStore) -> Result<(), Box<dyn std::error::Error>> {
/// let app = Kenning::builder(store).reactor(Lists).build().await?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reactor",
    label = "not a reactor",
    note = "write `#[reactor(name = \"…\", version = 1)]` on an `impl {Self}` block"
)]
pub trait Reactor: Sized + Shared {
    /// The name of its consumer. What it causes has ids drawn from this name, so it is never given again.
    const NAME: &'static str;

    /// Raised when it handles other events than before. It goes on where it stands; processes of an older version run it no longer.
    const VERSION: u32;

    /// The name that it had before, whose checkpoint and parked events it takes over.
    const RENAMED_FROM: Option<&'static str> = None;

    /// The events that it handles.
    const EVENTS: &'static [ReactorEvent<Self>];
}

/// What a reactor does on one event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not react to the event `{E}`",
    label = "no `#[on]` function for `{E}`",
    note = "add to an `#[reactor] impl {Self}`: `#[on] async fn name(&self, event: &Recorded<{E}>, effects: &mut Effects) -> Result<(), ReactorError>`"
)]
pub trait React<E: Event>: Reactor {
    /// Handles the event. What it puts into `effects` is done in the transaction that moves the reactor's checkpoint, or not at all.
    fn react<'a>(
        &'a self,
        event: &'a Recorded<E>,
        effects: &'a mut Effects,
    ) -> BoxFuture<'a, Result<(), ReactorError>>;
}

/// An event that a reactor handles.
pub struct ReactorEvent<R> {
    /// What is known of the event.
    pub info: EventInfo,
    pub(crate) react:
        for<'a> fn(&'a R, &'a RecordedEvent, &'a mut Effects) -> BoxFuture<'a, Result<(), ReactorError>>,
}

impl<R: Reactor> ReactorEvent<R> {
    /// The event `E`.
    #[must_use]
    pub const fn of<E: Event>() -> Self
    where
        R: React<E>,
    {
        Self { info: EventInfo::of::<E>(), react: react::<R, E> }
    }
}

impl<R> std::fmt::Debug for ReactorEvent<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReactorEvent").field("info", &self.info).finish_non_exhaustive()
    }
}

fn react<'a, R: React<E>, E: Event>(
    reactor: &'a R,
    event: &'a RecordedEvent,
    effects: &'a mut Effects,
) -> BoxFuture<'a, Result<(), ReactorError>> {
    Box::pin(async move {
        let decoded =
            E::decode(event.schema_version, event.payload.as_bytes()).map_err(ReactorError::park)?;
        reactor.react(&Recorded::new(decoded, event.metadata.clone()), effects).await
    })
}
