//! Steps: what is known of them, and what they do.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::command::{IntoCommand, SagaCommand};
use super::context::StepContext;
use super::declaration::SagaDefinition;
use super::erased::{self, Call};
use super::error::StepError;
use super::event::Correlated;
use super::options::Retry;
use super::outputs::Outputs;
use crate::event::Event;
use crate::payload::{EncodeError, Payload};
use crate::recorded::Recorded;
use crate::schema::{Schema, Shape, Shapes};
use crate::store::BoxFuture;

/// What a step may return: it is kept in the saga's log as JSON, for later steps and for its undo. Every type that serde writes and reads and that has a
/// [`Schema`] is one.
//
// Without these as supertraits: one that does not hold would be reported in its own words, and not in ours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a saga's log",
    label = "what a step returns is stored",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on `{Self}`, if it is a type of your own",
    note = "of a type of another crate return a struct with a field of it, with `#[kenning(schema = \"its format\")]` on that field",
    note = "`usize` and `isize` differ in size between machines: return `u64` or `i64`"
)]
pub trait StepOutput: Sized + Send + Sync + 'static {
    /// Its shape as JSON.
    #[doc(hidden)]
    fn shape_in_log(shapes: &mut Shapes) -> Shape;

    /// As JSON.
    #[doc(hidden)]
    fn to_log(&self, step: &str) -> Result<Payload, EncodeError>;

    /// Read from JSON.
    #[doc(hidden)]
    fn from_log(json: &[u8]) -> Result<Self, serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned + Send + Sync + 'static> StepOutput for T {
    fn shape_in_log(shapes: &mut Shapes) -> Shape {
        T::shape(shapes)
    }

    fn to_log(&self, step: &str) -> Result<Payload, EncodeError> {
        Ok(Payload::stored(step, self)?.0)
    }

    fn from_log(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

/// The step at place `N` of the table produces something.
pub trait Produces<const N: usize>: SagaDefinition {
    /// What it returns.
    type Output: StepOutput;
}

/// The step at place `N` of the table: something that is done outside.
pub trait Step<const N: usize>: Produces<N> {
    /// Does it. Called again, under the same [key](StepContext::key), after everything that leaves open whether it was done: a [`StepError::Retry`], a panic, a timeout, a crash.
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Self::Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Self::Output, StepError>>;
}

/// The undo of the step at place `N`.
pub trait Undo<const N: usize>: Produces<N> {
    /// Undoes it. `None`: it is not known whether the step was done. Called again, under the same key, until it succeeds.
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Self::Services>,
        output: Option<&'a Self::Output>,
    ) -> BoxFuture<'a, Result<(), StepError>>;
}

/// The step at place `N` of the table sends a command to an aggregate, once, by the aggregate's ledger. It produces `()`.
pub trait Sends<const N: usize>: Produces<N, Output = ()> {
    /// What the function returns: a command, or `Option` of one.
    type Command: IntoCommand<Command: SagaCommand>;

    /// The command; it is a pure function.
    ///
    /// # Errors
    /// When an output cannot be read.
    fn command(&self, outputs: &Outputs) -> Result<Self::Command, StepError>;
}

/// The undo of the sending step at place `N` sends another command.
pub trait UndoSends<const N: usize>: Produces<N, Output = ()> {
    /// What the function returns: a command, or `Option` of one.
    type Command: IntoCommand<Command: SagaCommand>;

    /// The command. It is sent whether the step's own is known to have been accepted or not.
    fn command(&self) -> Self::Command;
}

/// The step at place `N` of the table waits for an event.
pub trait WaitsFor<const N: usize>: Produces<N> {
    /// The event.
    type Event: Event;

    /// Which instance the event is for, and what it brings; it is a pure function.
    fn correlate(event: &Recorded<Self::Event>) -> Correlated<Self::Id, Self::Output>;
}

/// What the step at place `N`, a wait, produces when its time is over: with `on_timeout = name` in place of `on_timeout = fail`.
pub trait TimesOut<const N: usize>: Produces<N> {
    /// What it goes on with; it is a pure function.
    fn timed_out(&self) -> Self::Output;
}

/// What is known of a step.
#[derive(Clone, Copy, Debug)]
pub struct StepInfo {
    /// The persisted name, unique in the saga: that of the function, or what `#[step(name = "…")]` says.
    pub name: &'static str,
    /// The places of the steps that have to be done before it.
    pub after: &'static [usize],
    /// How there is a way back.
    pub way_back: WayBack,
    /// There is no way back after it.
    pub pivot: bool,
    /// How it is tried again.
    pub retry: Retry,
    /// How its undo is tried again.
    pub undo_retry: Retry,
    /// How long an attempt may take without a [heartbeat](StepContext::heartbeat); of a wait: how long it waits. `None`: for ever.
    pub timeout: Option<Duration>,
    /// Its function blocks its thread: it is called on a thread for such functions.
    pub blocking: bool,
    /// The function of its undo does.
    pub undo_blocking: bool,
}

impl StepInfo {
    /// How long an attempt may take where nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// A step of that name, after the steps at these places, with the defaults: no way back is needed, [`Retry::STEP`], [`Self::TIMEOUT`].
    #[must_use]
    pub const fn new(name: &'static str, after: &'static [usize]) -> Self {
        Self {
            name,
            after,
            way_back: WayBack::NotNeeded,
            pivot: false,
            retry: Retry::STEP,
            undo_retry: Retry::UNDO,
            timeout: Some(Self::TIMEOUT),
            blocking: false,
            undo_blocking: false,
        }
    }

    /// Its function blocks its thread, as one that is not `async` does. It is called on a thread for such functions, of which
    /// a process has [so many](super::SagaOptions::blocking_threads): it holds up nothing else. When its timeout is over, the
    /// attempt has ended, and the thread is left to the function until that returns; what it returns then is dropped.
    #[must_use]
    pub const fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    /// The same of the function of its undo.
    #[must_use]
    pub const fn undo_blocking(mut self) -> Self {
        self.undo_blocking = true;
        self
    }

    /// With this way back.
    #[must_use]
    pub const fn way_back(mut self, way_back: WayBack) -> Self {
        self.way_back = way_back;
        self
    }

    /// As the pivot.
    #[must_use]
    pub const fn pivot(mut self) -> Self {
        self.pivot = true;
        self
    }

    /// Tried again in this way.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Its undo is tried again in this way.
    #[must_use]
    pub const fn undo_retry(mut self, retry: Retry) -> Self {
        self.undo_retry = retry;
        self
    }

    /// With this timeout.
    #[must_use]
    pub const fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }
}

/// How a step is taken back. Its texts are `&'static str` in a table, and `String` in a [`SagaDescription`](super::SagaDescription).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WayBack<T = &'static str> {
    /// By an undo: the name of its function.
    Undo(T),
    /// It changes nothing.
    ReadOnly,
    /// It cannot be taken back, and why that is in order.
    Irreversible(T),
    /// It is the pivot, comes after it, or waits.
    NotNeeded,
}

/// What a step is. Its texts are held as those of [`WayBack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind<T = &'static str> {
    /// Does something outside.
    Step,
    /// Sends a command to an aggregate; the name of the command, that of its aggregate's category.
    Send {
        /// The command's name.
        command: T,
        /// The category of the aggregate that decides on it.
        category: T,
    },
    /// Waits for the event of that name.
    Wait {
        /// The persisted name of the event.
        event: T,
        /// Whether the saga fails when the time is over; else it goes on with an output of its own.
        fails: bool,
    },
}

/// A step in the table of a saga.
pub struct StepDefinition<S: SagaDefinition> {
    /// What is known of it.
    pub info: StepInfo,
    pub(crate) kind: StepKind,
    /// What its undo is: of meaning only where there is one.
    pub(crate) undo: StepKind,
    pub(crate) output: fn(&mut Shapes) -> Shape,
    /// Whether an output that was stored can be read.
    pub(crate) reads: fn(&[u8]) -> Result<(), serde_json::Error>,
    pub(crate) call: Call<S>,
}

impl<S: SagaDefinition> StepDefinition<S> {
    /// A step without an undo.
    #[must_use]
    pub const fn step<const N: usize>(info: StepInfo) -> Self
    where
        S: Step<N>,
    {
        Self {
            info,
            kind: StepKind::Step,
            output: <S as Produces<N>>::Output::shape_in_log,
            undo: StepKind::Step,
            reads: erased::reads::<<S as Produces<N>>::Output>,
            call: erased::step::<S, N>(),
        }
    }

    /// A step with an undo.
    #[must_use]
    pub const fn undoable<const N: usize>(info: StepInfo) -> Self
    where
        S: Step<N> + Undo<N>,
    {
        Self { call: erased::undoable::<S, N>(), ..Self::step::<N>(info) }
    }

    /// A command.
    #[must_use]
    pub const fn send<const N: usize>(info: StepInfo) -> Self
    where
        S: Sends<N>,
    {
        Self {
            info,
            kind: erased::send_kind::<<<S as Sends<N>>::Command as IntoCommand>::Command>(),
            undo: StepKind::Step,
            output: <()>::shape,
            reads: erased::reads::<()>,
            call: erased::send::<S, N>(),
        }
    }

    /// A command with an undo that does something outside.
    #[must_use]
    pub const fn undoable_send<const N: usize>(info: StepInfo) -> Self
    where
        S: Sends<N> + Undo<N>,
    {
        Self { call: erased::undoable_send::<S, N>(), ..Self::send::<N>(info) }
    }

    /// A command with an undo that sends another one.
    #[must_use]
    pub const fn send_undone_by_send<const N: usize>(info: StepInfo) -> Self
    where
        S: Sends<N> + UndoSends<N>,
    {
        Self {
            undo: erased::send_kind::<<<S as UndoSends<N>>::Command as IntoCommand>::Command>(),
            call: erased::send_undone_by_send::<S, N>(),
            ..Self::send::<N>(info)
        }
    }

    /// A wait that fails the saga when its time is over.
    #[must_use]
    pub const fn wait<const N: usize>(info: StepInfo) -> Self
    where
        S: WaitsFor<N>,
    {
        Self {
            info,
            // Without a timeout it never is over.
            kind: StepKind::Wait { event: <S as WaitsFor<N>>::Event::NAME, fails: info.timeout.is_some() },
            output: <S as Produces<N>>::Output::shape_in_log,
            undo: StepKind::Step,
            reads: erased::reads::<<S as Produces<N>>::Output>,
            call: erased::wait::<S>(),
        }
    }

    /// A wait that goes on with an output of its own when its time is over.
    #[must_use]
    pub const fn wait_or<const N: usize>(info: StepInfo) -> Self
    where
        S: WaitsFor<N> + TimesOut<N>,
    {
        Self {
            kind: StepKind::Wait { event: <S as WaitsFor<N>>::Event::NAME, fails: false },
            call: erased::wait_or::<S, N>(),
            ..Self::wait::<N>(info)
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> StepKind {
        self.kind
    }

    /// Describes what it returns, with the name of the step as the place.
    pub(crate) fn describe_output(&self, shapes: &mut Shapes) {
        let _: Shape = shapes.at(self.info.name, |shapes| (self.output)(shapes));
    }

    /// The shape of what it returns.
    #[must_use]
    pub fn output(&self) -> Shape {
        (self.output)(&mut Shapes::default())
    }
}

impl<S: SagaDefinition> std::fmt::Debug for StepDefinition<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepDefinition")
            .field("info", &self.info)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
