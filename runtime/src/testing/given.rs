//! Given, when, then: one decision of an aggregate, without a store.

use std::convert::Infallible;
use std::fmt::Debug;

use time::OffsetDateTime;

use super::difference::{assert_same, pretty};
use crate::aggregate::{Aggregate, ApplyTo};
use crate::command::{Command, CommandContext, Handle};
use crate::event::RawEvent;
use crate::event_set::{EventSet, IntoEvents};
use crate::number::Version;
use crate::stream::StreamName;

type EventsOf<C> = <<C as Command>::Aggregate as Aggregate>::Events;
type RejectionOf<C> = <<C as Command>::Aggregate as Handle<C>>::Rejection;

/// Begins a test of an aggregate with what has happened: an event, an array, `Vec` or tuple of events, or `()` for nothing.
///
/// ```
/// # use kenning::testing::given;
/// # fn test<Order, Place, Placed, Cancel, Cancelled, Events, Rejection>(place: Place, placed: Placed, cancel: Cancel, cancelled: Cancelled, too_late: Rejection)
/// # where
/// #     Order: kenning::Aggregate<Events = Events> + kenning::Handle<Place, Rejection = Rejection> + kenning::Handle<Cancel, Rejection = Rejection>,
/// #     Place: kenning::Command<Aggregate = Order>, Cancel: kenning::Command<Aggregate = Order>,
/// #     Placed: Clone + kenning::IntoEvents<Events, Rejection = std::convert::Infallible>, Cancelled: kenning::IntoEvents<Events, Rejection = std::convert::Infallible>,
/// #     Events: std::fmt::Debug + PartialEq, Rejection: Send + std::fmt::Debug + PartialEq + 'static,
/// # {
/// given(()).when(place).then([placed.clone()]);
/// given([placed]).when(cancel).then([cancelled]);
/// # }
/// ```
///
/// The events go through their own encoding and decoding, as those of a store do: an event that does not read back as it was written fails the test.
/// Every failure is a panic at the line of the test.
pub fn given<E>(events: E) -> Given<E> {
    Given { events, time: OffsetDateTime::UNIX_EPOCH }
}

/// What has happened before the command.
#[must_use = "a test goes on with `when`"]
#[derive(Clone, Debug)]
pub struct Given<E> {
    events: E,
    time: OffsetDateTime,
}

impl<E> Given<E> {
    /// The time that the handler sees in its context; the beginning of 1970 if nothing is said.
    pub fn at(mut self, time: OffsetDateTime) -> Self {
        self.time = time;
        self
    }

    /// Lets the aggregate decide on a command.
    #[track_caller]
    pub fn when<C: Command>(self, command: C) -> When<C>
    where
        E: IntoEvents<EventsOf<C>, Rejection = Infallible>,
    {
        let mut then = Then { state: C::Aggregate::default(), version: Version::ZERO, time: self.time };
        for event in collect(self.events) {
            then.apply(&stored(&event));
        }
        then.when(command)
    }
}

/// What the aggregate has decided.
#[must_use = "a test says what is expected with `then`, `then_rejected` or `then_nothing`"]
pub struct When<C: Command> {
    decision: Result<Vec<EventsOf<C>>, RejectionOf<C>>,
    after: Then<C::Aggregate>,
}

impl<C: Command> When<C>
where
    EventsOf<C>: Debug,
    RejectionOf<C>: Debug,
{
    /// Expects exactly these events, in this order.
    #[track_caller]
    pub fn then<E>(self, expected: E) -> Then<C::Aggregate>
    where
        E: IntoEvents<EventsOf<C>, Rejection = Infallible>,
        EventsOf<C>: PartialEq,
    {
        let expected = collect(expected);
        let decided = match self.decision {
            Ok(decided) => decided,
            Err(rejection) => panic!(
                "`{}` was rejected\n\nrejection:\n{}\n\nexpected events:\n{}\n",
                C::NAME,
                pretty(&rejection),
                pretty(&expected)
            ),
        };
        assert_same(&format!("`{}` did not cause the expected events", C::NAME), &expected, &decided);
        for event in &decided {
            assert_same("an event does not read back as it was written", event, &stored(event));
        }
        self.after
    }

    /// Expects no event and no rejection.
    #[track_caller]
    pub fn then_nothing(self) -> Then<C::Aggregate>
    where
        EventsOf<C>: PartialEq,
    {
        self.then(())
    }

    /// Expects this rejection.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a test reads better without the `&`")]
    pub fn then_rejected(self, expected: RejectionOf<C>) -> Then<C::Aggregate>
    where
        RejectionOf<C>: PartialEq,
    {
        match &self.decision {
            Err(rejection) => {
                assert_same(&format!("`{}` was rejected for another reason", C::NAME), &expected, rejection);
            }
            Ok(decided) => panic!(
                "`{}` was not rejected\n\nexpected rejection:\n{}\n\ndecided events:\n{}\n",
                C::NAME,
                pretty(&expected),
                pretty(decided)
            ),
        }
        self.after
    }
}

impl<C: Command> When<C> {
    /// Looks at the state after the command; after a rejection, at the state as it was.
    #[track_caller]
    pub fn then_state(self, look: impl FnOnce(&C::Aggregate)) -> Then<C::Aggregate> {
        self.after.then_state(look)
    }
}

/// What is there after a command.
#[derive(Clone, Debug)]
pub struct Then<A> {
    state: A,
    version: Version,
    time: OffsetDateTime,
}

impl<A: Aggregate> Then<A> {
    /// Looks at the state.
    #[track_caller]
    pub fn then_state(self, look: impl FnOnce(&A)) -> Self {
        look(&self.state);
        self
    }

    /// The time that the next handler sees in its context.
    #[must_use = "a test goes on with `when`"]
    pub fn at(mut self, time: OffsetDateTime) -> Self {
        self.time = time;
        self
    }

    /// Lets the aggregate decide on another command, after what the former has caused.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a test reads better without the `&`")]
    pub fn when<C: Command<Aggregate = A>>(mut self, command: C) -> When<C>
    where
        A: Handle<C>,
    {
        let stream = match StreamName::of::<A>(command.aggregate_id()) {
            Ok(stream) => stream,
            Err(error) => panic!("the command has no stream: {error}"),
        };
        let context = CommandContext::new(stream, self.version, self.time);
        let decision = A::handle(&self.state, &command, &context);
        for event in decision.iter().flatten() {
            self.apply(&stored(event));
        }
        When { decision, after: self }
    }

    fn apply(&mut self, event: &A::Events) {
        event.apply_to(&mut self.state);
        self.version = self.version.plus(1);
    }
}

fn collect<S, E: IntoEvents<S, Rejection = Infallible>>(given: E) -> Vec<S> {
    let mut events = Vec::new();
    let Ok(()) = given.into_events(&mut events);
    events
}

/// The event as a store gives it back.
#[track_caller]
fn stored<S: EventSet>(event: &S) -> S {
    let encoded = match event.encode() {
        Ok(encoded) => encoded,
        Err(error) => panic!("an event cannot be written: {}", causes(&error)),
    };
    let raw = RawEvent {
        version: Version::new(1),
        name: encoded.name,
        schema_version: encoded.schema_version,
        payload: encoded.payload.as_bytes(),
    };
    match S::decode(&raw) {
        Ok(event) => event,
        Err(error) => {
            panic!(
                "an event cannot be read: {}\n\nwritten as:\n{}\n",
                causes(&error),
                encoded.payload.as_str()
            )
        }
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    crate::app::with_sources(error)
}

#[cfg(test)]
#[cfg(feature = "memory")]
mod tests;
