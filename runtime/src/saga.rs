//! Sagas: durable steps with undo.

mod change;
mod command;
mod context;
mod declaration;
mod description;
mod erased;
mod error;
mod event;
mod failure;
mod key;
mod migration;
mod mistakes;
mod options;
mod outputs;
mod step;

pub use self::change::{SagaChange, SagaChangeKind, SagaChanges};
pub use self::command::{IntoCommand, SagaCommand};
pub use self::context::StepContext;
pub use self::declaration::{Saga, SagaDefinition};
#[cfg(test)]
pub(crate) use self::description::tests::purchase::Purchase;
pub use self::description::{InvalidDescription, SagaDescription, StepDescription};
pub use self::error::{StepError, StepReturn};
pub use self::event::{Correlated, MissingInstance, SagaEvent, StartedBy};
pub use self::failure::{FailureCommand, SagaFailure, SendsOnFailure};
pub use self::migration::{InFlight, InFlightStep, Migrated, Migration};
pub(crate) use self::mistakes::mistakes_of_table;
pub use self::options::{Retry, SagaTimes};
pub use self::outputs::Outputs;
pub use self::step::{
    Produces, Sends, Step, StepDefinition, StepInfo, StepKind, StepOutput, TimesOut, Undo, UndoSends,
    WaitsFor, WayBack,
};
