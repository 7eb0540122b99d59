//! Commands: wishes that an aggregate accepts, by events, or rejects.

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::check::Is;
use crate::headers::Headers;
use crate::number::Version;
use crate::stream::StreamName;

/// A wish to one aggregate. `#[derive(Command)]` writes this impl.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "not a command",
    note = "write `#[derive(Clone, Serialize, Command)]` and `#[kenning(aggregate = …)]` on `{Self}`, and `#[kenning(id)]` on its id"
)]
pub trait Command: Sized + Serialize + Send + Sync + 'static {
    /// The aggregate that decides.
    type Aggregate: Aggregate + Handle<Self>;

    /// What the body's hash in the command ledger starts with, so that two commands of like bodies differ. `#[kenning(name = "…")]` writes it, else it
    /// is the type's identifier; once it changes, a resend of a command accepted before is answered as a reuse of its id.
    const NAME: &'static str;

    /// Whether it is meant for a stream that has no event yet: the decision is tried on the default state without a read, and repeated on the
    /// real one if the stream turns out to be there. `#[kenning(creates)]` sets it; it changes speed, never the outcome.
    const CREATES: bool = false;

    /// Which aggregate of the category decides.
    fn aggregate_id(&self) -> &<Self::Aggregate as Aggregate>::Id;
}

/// The command is meant for the aggregate `A`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command of `{A}`",
    label = "`{A}` cannot handle this command",
    note = "write `#[kenning(aggregate = {A})]` on `{Self}`, or move the handler to the aggregate that it names"
)]
pub trait CommandOf<A>: Command {
    /// Generated code names it, so that the bound is checked.
    #[doc(hidden)]
    const CHECKED: () = ();
}

#[diagnostic::do_not_recommend]
impl<A, C: Command<Aggregate: Is<A>>> CommandOf<A> for C {}

/// How an aggregate decides on the command `C`. `#[command]` functions in `#[aggregate]` blocks become these impls.
///
/// A decision is pure: it sees the state, the command and the context. It may be asked again, on a newer state, when another process was faster.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the command `{C}`",
    label = "no handler for `{C}`",
    note = "add to an `#[aggregate] impl {Self}`: `#[command] fn name(&self, command: {C}) -> Result<…, …> {{ … }}`"
)]
pub trait Handle<C>: Aggregate {
    /// Why the command is turned down.
    type Rejection: Send + 'static;

    /// Decides: the events that the command causes, in their order, or the rejection.
    ///
    /// # Errors
    /// The rejection. Nothing is recorded then.
    fn handle(&self, command: &C, context: &CommandContext) -> Result<Vec<Self::Events>, Self::Rejection>;
}

/// What a handler may know beside the state and the command. Its time is the only clock a handler may see.
#[derive(Clone, Debug)]
pub struct CommandContext {
    pub(crate) time: OffsetDateTime,
    pub(crate) command_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) headers: Headers,
    pub(crate) stream: StreamName,
    pub(crate) version: Version,
}

impl CommandContext {
    /// A context for a handler that is called by hand, as in a test: the command has the nil id and is its own correlation.
    #[must_use]
    pub fn new(stream: StreamName, version: Version, time: OffsetDateTime) -> Self {
        Self {
            time,
            command_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            causation_id: None,
            headers: Headers::default(),
            stream,
            version,
        }
    }

    /// When the command was accepted for execution, by the application's [`Clock`](crate::Clock); the same in every attempt.
    #[must_use]
    pub fn time(&self) -> OffsetDateTime {
        self.time
    }

    /// The id of the command: given, or drawn as a `UUIDv7`. The events have it as their causation id.
    #[must_use]
    pub fn command_id(&self) -> Uuid {
        self.command_id
    }

    /// What the whole conversation has in common; the command's id, when the command opens it.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.correlation_id
    }

    /// The message that caused the command, if it was told.
    #[must_use]
    pub fn causation_id(&self) -> Option<Uuid> {
        self.causation_id
    }

    /// The free headers of the command; the events get the same.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The stream of the aggregate.
    #[must_use]
    pub fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// The version that the state has.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }
}
