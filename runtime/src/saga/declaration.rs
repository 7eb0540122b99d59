//! What a saga is: its data, and the table of its steps.

use super::event::SagaEvent;
use super::failure::FailureCommand;
use super::migration::Migration;
use super::options::SagaTimes;
use super::step::StepDefinition;
use crate::check::{Shared, Stored};
use crate::id::AggregateId;
use crate::schema::Schema;

/// The data that an instance of a saga is started with. It is stored as JSON and does not change while the instance lives. `#[derive(Saga)]` writes this impl, and that of [`Schema`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a saga",
    label = "not a saga",
    note = "write `#[derive(Serialize, Deserialize, Saga)]` and `#[kenning(name = \"…\", version = 1, id = …)]` on `{Self}`"
)]
pub trait Saga: Schema + Stored {
    /// The persisted name: instances and the consumer that starts them are found by it.
    const NAME: &'static str;

    /// Raised when the steps or the data change in a way that instances in flight do not survive by themselves.
    const VERSION: u32;

    /// What tells one instance from another.
    type Id: AggregateId;

    /// Where instances of earlier versions go on, the newest last: the last one is of version `VERSION - 1`.
    const MIGRATIONS: &'static [Migration<Self>] = &[];

    /// What tells this instance from others. There is one instance of an id, for ever.
    fn id(&self) -> &Self::Id;
}

/// The steps of a saga: a table of data, and functions. `#[saga]` on an `impl` block writes this impl, and one of [`Step`](super::Step), [`Sends`](super::Sends) or
/// [`WaitsFor`](super::WaitsFor) for each step.
#[diagnostic::on_unimplemented(
    message = "the saga `{Self}` has no steps",
    label = "no steps",
    note = "write `#[saga(services = …)]` on an `impl {Self}` block with its steps"
)]
pub trait SagaDefinition: Saga {
    /// What the steps reach the outside with.
    type Services: Shared;

    /// The steps, in the order of their declaration. A step is known by its place here within a release, and by its name between releases.
    const STEPS: &'static [StepDefinition<Self>];

    /// The events that start an instance, and those that its waits wait for.
    const EVENTS: &'static [SagaEvent<Self>] = &[];

    /// The command that is sent when compensation is complete.
    const FAILED: Option<FailureCommand<Self>> = None;

    /// How long the whole may take.
    const TIMES: SagaTimes = SagaTimes::UNLIMITED;
}
