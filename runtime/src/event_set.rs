//! Event sets: the events that one aggregate, or one consumer, speaks.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::{EncodedEvent, EventInfo, RawEvent};
use crate::payload::{DecodeError, EncodeError};

/// An enum of events. `#[derive(EventSet)]` writes this impl, and for each event `From`, [`Includes`] and [`IntoEvents`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of events",
    label = "not a set of events",
    note = "write `#[derive(EventSet)]` on an enum with one variant for each event, as in `Placed(OrderPlaced)`"
)]
pub trait EventSet: Sized + Send + Sync + 'static {
    /// What is known of each event, in the order of the variants.
    const EVENTS: &'static [EventInfo];

    /// Encodes the event that this is.
    ///
    /// # Errors
    /// When its `Serialize` impl fails.
    fn encode(&self) -> Result<EncodedEvent, EncodeError>;

    /// Reads a stored event.
    ///
    /// # Errors
    /// When the set has no event of this name, or the event cannot read this version or payload.
    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError>;
}

/// Reads a stored event; a panic of the user's code is an error.
pub(crate) fn decode<S: EventSet>(event: &RawEvent<'_>) -> Result<S, DecodeError> {
    guarded(event, || S::decode(event))
}

/// Runs the user's code on a stored event; a panic is an error. What a panic leaves half changed must
/// not be used.
pub(crate) fn guarded<T>(
    event: &RawEvent<'_>,
    run: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(DecodeError::Panicked {
            name: event.name.to_owned(),
            version: event.schema_version,
            reason: panic_text(&*panic),
        })
    })
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text")
        .to_owned()
}

/// The set has the event `E`.
#[diagnostic::on_unimplemented(
    message = "`{E}` is not an event of `{Self}`",
    label = "not an event of `{Self}`",
    note = "add a variant that holds `{E}` to `{Self}`, or use an event that it has: one event in each function"
)]
pub trait Includes<E>: EventSet + From<E> {
    /// The event, when it is this one.
    fn get(&self) -> Option<&E>;
}

/// What a command handler may return for the set `S`: an event, `Option`, `Vec`, an array or a tuple of events, `()` for none, or a `Result` of
/// these with the handler's own rejection.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of `{S}`",
    label = "a handler returns events of `{S}`",
    note = "return an event of `{S}`, an `Option`, `Vec`, array or tuple of them, or a `Result` of these",
    note = "or add a variant that holds `{Self}` to `{S}`"
)]
pub trait IntoEvents<S> {
    /// Why the command is turned down; [`Infallible`] where it cannot be.
    type Rejection;

    /// Appends the events in their order.
    ///
    /// # Errors
    /// The rejection, when there is one; what was appended before it is of no meaning then.
    fn into_events(self, events: &mut Vec<S>) -> Result<(), Self::Rejection>;

    /// The events alone. Provided.
    ///
    /// # Errors
    /// The rejection.
    fn into_vec(self) -> Result<Vec<S>, Self::Rejection>
    where
        Self: Sized,
    {
        let mut events = Vec::new();
        self.into_events(&mut events)?;
        Ok(events)
    }
}

impl<S> IntoEvents<S> for () {
    type Rejection = Infallible;

    fn into_events(self, _: &mut Vec<S>) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<S, T: IntoEvents<S>> IntoEvents<S> for Option<T> {
    type Rejection = T::Rejection;

    fn into_events(self, events: &mut Vec<S>) -> Result<(), T::Rejection> {
        self.map_or(Ok(()), |some| some.into_events(events))
    }
}

impl<S, T: IntoEvents<S>> IntoEvents<S> for Vec<T> {
    type Rejection = T::Rejection;

    fn into_events(self, events: &mut Vec<S>) -> Result<(), T::Rejection> {
        events.reserve(self.len());
        self.into_iter().try_for_each(|one| one.into_events(events))
    }
}

impl<S, T: IntoEvents<S>, const N: usize> IntoEvents<S> for [T; N] {
    type Rejection = T::Rejection;

    fn into_events(self, events: &mut Vec<S>) -> Result<(), T::Rejection> {
        events.reserve(N);
        self.into_iter().try_for_each(|one| one.into_events(events))
    }
}

impl<S, T: IntoEvents<S, Rejection = Infallible>, E> IntoEvents<S> for Result<T, E> {
    type Rejection = E;

    fn into_events(self, events: &mut Vec<S>) -> Result<(), E> {
        let Ok(()) = self?.into_events(events);
        Ok(())
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<S, $($name: IntoEvents<S, Rejection = Infallible>),+> IntoEvents<S> for ($($name,)+) {
            type Rejection = Infallible;

            fn into_events(self, events: &mut Vec<S>) -> Result<(), Infallible> {
                #[expect(non_snake_case, reason = "one name serves as type and as value")]
                let ($($name,)+) = self;
                $($name.into_events(events)?;)+
                Ok(())
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
