//! Traits that generated code passes through, so that what does not fit is reported in words, under the tokens that are wrong. All of them are
//! implemented already, for whatever fits.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::command::CommandContext;
use crate::schema::Schema;

/// A type and itself. A bound of this kind can be reported in words of ours, an equality of associated types cannot.
pub trait Is<T> {}

impl<T> Is<T> for T {}

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
