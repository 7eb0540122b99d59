//! Events that start instances, and those that instances wait for.

use super::declaration::{Saga, SagaDefinition};
use super::erased::{self, Delivered};
use super::step::WaitsFor;
use crate::event::{Event, EventInfo};
use crate::payload::DecodeError;
use crate::recorded::{Recorded, RecordedEvent};

/// Instances are started by the event `E`.
pub trait StartedBy<E: Event>: Saga {
    /// The instance that the event starts, if it does; it is a pure function. There is one instance of an id: the event may be delivered as often as it likes.
    fn start(event: &Recorded<E>) -> Option<Self>;
}

/// Which instance an event is for, and what it brings for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlated<Id, Output> {
    pub(crate) to: Option<(Id, Output)>,
}

impl<Id, Output> Correlated<Id, Output> {
    /// It is for the instance of that id.
    #[must_use]
    pub fn to(id: Id, output: Output) -> Self {
        Self { to: Some((id, output)) }
    }

    /// It is for no instance of this saga.
    #[must_use]
    pub fn nobody() -> Self {
        Self { to: None }
    }
}

/// What the function of a wait may return: [`Correlated`].
#[diagnostic::on_unimplemented(
    message = "a wait cannot return `{Self}`",
    label = "does not say which instance the event is for",
    note = "return `Correlated<…>` of the saga's id and of what the event brings: `Correlated::to(id, output)`, or `Correlated::nobody()`"
)]
pub trait WaitReturn {
    /// What the event brings.
    type Output;
}

impl<Id, Output> WaitReturn for Correlated<Id, Output> {
    type Output = Output;
}

/// What becomes of an event that is waited for, when no instance of its id was ever started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingInstance {
    /// It is parked, and can be retried when the instance is there.
    #[default]
    Park,
    /// It is kept for an instance that is started later.
    Keep,
    /// It is passed over, and why that is in order.
    Ignore(&'static str),
}

/// What becomes of an event that comes after its wait has ended: the wait took another event, timed
/// out or was skipped, or the instance is at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateEvent {
    /// It is logged and dropped.
    #[default]
    Report,
    /// It is parked, so that an operator decides.
    Park,
    /// It is dropped, and why that is right.
    Ignore(&'static str),
}

/// An event that a saga follows.
pub struct SagaEvent<S> {
    /// What is known of the event.
    pub info: EventInfo,
    /// `None`: it starts instances. Else the place of the step that waits for it.
    pub(crate) step: Option<usize>,
    pub(crate) missing: MissingInstance,
    pub(crate) late: LateEvent,
    pub(crate) deliver: fn(&RecordedEvent) -> Result<Option<Delivered<S>>, DecodeError>,
}

impl<S: SagaDefinition> SagaEvent<S> {
    /// An event that starts instances.
    #[must_use]
    pub const fn start<E: Event>() -> Self
    where
        S: StartedBy<E>,
    {
        Self {
            info: EventInfo::of::<E>(),
            step: None,
            missing: MissingInstance::Park,
            late: LateEvent::Report,
            deliver: erased::deliver_start::<S, E>,
        }
    }

    /// The event that the step at place `N` waits for.
    #[must_use]
    pub const fn wait<const N: usize>(missing: MissingInstance) -> Self
    where
        S: WaitsFor<N>,
    {
        Self {
            info: EventInfo::of::<<S as WaitsFor<N>>::Event>(),
            step: Some(N),
            missing,
            late: LateEvent::Report,
            deliver: erased::deliver_wait::<S, N>,
        }
    }

    /// What becomes of an event that comes after the wait has ended. Default: [`LateEvent::Report`].
    #[must_use]
    pub const fn late(mut self, late: LateEvent) -> Self {
        self.late = late;
        self
    }
}

impl<S> std::fmt::Debug for SagaEvent<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SagaEvent")
            .field("info", &self.info)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}
