//! Traits that generated code passes through, so that what does not fit is reported in words, under the tokens that are wrong. All of them are
//! implemented already, for whatever fits.

mod answer;
mod column;

use std::borrow::Borrow;
use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::command::CommandContext;
use crate::projection::HandlerError;
use crate::query::{Filter, Order};
use crate::read_model::held::Compared;
use crate::read_model::{Column, ReadModel};
use crate::saga::StepContext;
use crate::schema::Schema;

pub use self::answer::{answered, answered_at_once, output_of, unanswered, unsent};
pub use self::column::{InColumn, InJson, InKey, KeyOf, KeysOf};

/// A type and itself. A bound of this kind can be reported in words of ours, an equality of associated types cannot.
pub trait Is<T> {}

impl<T> Is<T> for T {}

/// What is stored as JSON and handed from thread to thread: every type that serde writes and reads and that can be shared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "not `Serialize`, `Deserialize`, `Send` and `Sync`",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`; of its fields, `Rc`, `Cell`, `RefCell` and pointers cannot be stored"
)]
pub trait Stored: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Stored for T {}

/// What several threads use at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared between threads",
    label = "not `Send` and `Sync`",
    note = "in its fields write `Arc` in place of `Rc`, and `Mutex` or an atomic in place of `Cell` or `RefCell`"
)]
pub trait Shared: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shared for T {}

/// Declares something that `T` is shared for. Generated code has an impl, so that the bound is checked once, where that is declared.
pub trait Sharing<T: Shareable> {}

/// As [`Sharing`], of what is stored.
pub trait Storing<T: Storable> {}

/// As [`Shared`]. Without supertraits: one that does not hold would be reported in its own words, beside ours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared between threads",
    label = "not `Send` and `Sync`",
    note = "in its fields write `Arc` in place of `Rc`, and `Mutex` or an atomic in place of `Cell` or `RefCell`"
)]
pub trait Shareable {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable for T {}

/// As [`Stored`], without supertraits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored",
    label = "not `Serialize`, `Deserialize`, `Send` and `Sync`",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`; of its fields, `Rc`, `Cell`, `RefCell` and pointers cannot be stored"
)]
pub trait Storable {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storable for T {}

/// What a step or a reactor may fail with by `?`: every error that can be sent to another thread, boxed errors, those of `anyhow`, and texts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that `?` can pass on",
    label = "not an error: write `.map_err(|error| StepError::retry(…))` before the `?`, or `ReactorError` in a reactor",
    note = "write `.map_err(StepError::retry)` (or `ReactorError::retry`) before the `?`, with a text or an error",
    note = "or implement `std::error::Error` for `{Self}`, as `#[derive(thiserror::Error)]` does; it must be `Send + Sync + 'static`"
)]
pub trait Failure {
    /// The error, boxed.
    fn into_source(self) -> Box<dyn Error + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> Failure for E {
    fn into_source(self) -> Box<dyn Error + Send + Sync> {
        self.into()
    }
}

/// What a step returns, as the parameter of another function: itself, a text as `str`, a list as a slice, what is boxed.
#[diagnostic::on_unimplemented(
    message = "the step returns `{Self}`, and this parameter is `{P}`",
    label = "expected `{Self}`",
    note = "write `{Self}` in place of `{P}`: a parameter with the name of a step borrows what that step returns"
)]
pub trait OutputAs<P: ?Sized> {
    /// As the parameter takes it.
    fn pass(&self) -> &P;
}

impl<T> OutputAs<T> for T {
    fn pass(&self) -> &T {
        self
    }
}

impl OutputAs<str> for String {
    fn pass(&self) -> &str {
        self
    }
}

impl<T> OutputAs<[T]> for Vec<T> {
    fn pass(&self) -> &[T] {
        self
    }
}

impl<T: ?Sized> OutputAs<T> for Box<T> {
    fn pass(&self) -> &T {
        self
    }
}

impl<T: ?Sized> OutputAs<T> for std::sync::Arc<T> {
    fn pass(&self) -> &T {
        self
    }
}

/// The context of a saga, as the parameter of a function.
#[diagnostic::on_unimplemented(
    message = "the context of this saga is `{Self}`, and this parameter is `{P}`",
    label = "expected `{Self}`",
    note = "write `&{Self}`, or name the other services in `#[saga(services = …)]`"
)]
pub trait ContextAs<P: ?Sized> {
    /// As the parameter takes it.
    fn pass(&self) -> &P;
}

impl<S> ContextAs<Self> for StepContext<S> {
    fn pass(&self) -> &Self {
        self
    }
}

/// What can be an id of the type `I`: an `I`, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an id of the type `{I}`",
    label = "expected `{I}` or `&{I}`",
    note = "give an `{I}`: the `id` that the aggregate declares"
)]
pub trait AsId<I> {
    /// The id.
    fn as_id(&self) -> &I;
}

#[diagnostic::do_not_recommend]
impl<I, T: Borrow<I>> AsId<I> for T {
    fn as_id(&self) -> &I {
        self.borrow()
    }
}

/// The type of a column that may hold nothing: `Option`.
#[diagnostic::on_unimplemented(
    message = "a column of `{Self}` always holds a value",
    label = "never null",
    note = "leave the condition out, or declare the field as `Option<{Self}>`"
)]
pub trait Nullable {}

impl<T> Nullable for Option<T> {}

/// What rows can be ordered by: a column, or `column.desc()`.
#[diagnostic::on_unimplemented(
    message = "rows of `{M}` cannot be ordered by `{Self}`",
    label = "not a column of `{M}`",
    note = "write a column, as in `.order_by({M}::PLACED_AT.desc())`; without `desc` it is ascending"
)]
pub trait IntoOrder<M> {
    /// The order.
    fn into_order(self) -> Order<M>;
}

impl<M> IntoOrder<M> for Order<M> {
    fn into_order(self) -> Order<M> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<M: ReadModel, T, H: Compared> IntoOrder<M> for Column<M, T, H> {
    fn into_order(self) -> Order<M> {
        self.asc()
    }
}

/// A condition on the rows of `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition on the rows of `{M}`",
    label = "expected a condition on a column of `{M}`",
    note = "write a method of a column, as in `{M}::CUSTOMER.eq(…)`, and join conditions with `&`, `|` and `!`"
)]
pub trait IntoFilter<M> {
    /// The condition.
    fn into_filter(self) -> Filter<M>;
}

impl<M> IntoFilter<M> for Filter<M> {
    fn into_filter(self) -> Filter<M> {
        self
    }
}

/// The type is that of the ids of `A`, which is `I`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of the ids of `{A}`",
    label = "`{A}` is told from others by `{I}`",
    note = "give the field the type `{I}`, or mark another field with `#[kenning(id)]`"
)]
pub trait IdOf<A, I> {
    /// The id.
    fn as_id(&self) -> &I;
}

impl<A, I> IdOf<A, I> for I {
    fn as_id(&self) -> &I {
        self
    }
}

/// A command that a handler takes by value: it is cloned for it, since a decision may be asked again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is handled by value, but is not `Clone`",
    label = "is cloned for the handler",
    note = "write `&{Self}` here, or `#[derive(Clone)]` on `{Self}`"
)]
pub trait TakenByValue {
    /// The handler's own.
    #[must_use]
    fn to_value(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> TakenByValue for T {
    fn to_value(&self) -> Self {
        self.clone()
    }
}

/// State that can be kept as a snapshot: every type that serde writes and reads and that has a [`Schema`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept as a snapshot",
    label = "asks for snapshots",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`, or leave `snapshot_every` out"
)]
pub trait SnapshotState: Serialize + DeserializeOwned + Schema {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Schema> SnapshotState for T {}

/// The type of the version after `V` of an event, or the event itself: every type that has `From<V>`.
#[diagnostic::on_unimplemented(
    message = "`{V}` does not become `{Self}`",
    label = "the version before `{Self}`",
    note = "write `impl From<{V}> for {Self}`; `from(…)` lists the earlier versions, oldest first"
)]
pub trait UpcastFrom<V>: Sized {
    /// The payload as its next version.
    fn upcast(earlier: V) -> Self;
}

#[diagnostic::do_not_recommend]
impl<V, T: From<V>> UpcastFrom<V> for T {
    fn upcast(earlier: V) -> Self {
        T::from(earlier)
    }
}

/// What a handler may take beside its command: `&CommandContext`.
#[diagnostic::on_unimplemented(
    message = "a handler takes its command and the context, not `{Self}`",
    label = "not the context",
    note = "write `&CommandContext`; what else the decision needs has to be in the command"
)]
pub trait Context<'a> {
    /// The context.
    fn of(context: &'a CommandContext) -> Self;
}

impl<'a> Context<'a> for &'a CommandContext {
    fn of(context: &'a CommandContext) -> Self {
        context
    }
}

/// Read by serde, so that it can be an earlier version of an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read back from the store",
    label = "not `Deserialize`",
    note = "write `#[derive(Deserialize)]` on `{Self}`"
)]
pub trait Readable: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Readable for T {}

/// What a handler of a projection returns: `Result<(), E>` with any error, or nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a handler of a projection returns",
    label = "not `Result<(), E>` with an error `E`",
    note = "write `-> Result<(), E>`, where `E` is an error that can be sent to another thread, as `sqlx::Error` is; or return nothing"
)]
pub trait Outcome {
    /// The same, with the error as all have it.
    ///
    /// # Errors
    /// The handler's own.
    fn outcome(self) -> Result<(), HandlerError>;
}

impl Outcome for () {
    fn outcome(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError>> Outcome for Result<(), E> {
    fn outcome(self) -> Result<(), HandlerError> {
        self.map_err(Into::into)
    }
}

/// The error of a `Result` that a `#[command]` function returns, whatever is in its `Ok`.
#[doc(hidden)]
pub trait Rejects {
    type Rejection;
}

impl<T, E> Rejects for Result<T, E> {
    type Rejection = E;
}
