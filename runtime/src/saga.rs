//! Sagas: durable steps with undo.

mod command;
mod context;
mod declaration;
mod erased;
mod error;
mod event;
mod failure;
mod key;
mod migration;
mod options;
mod outputs;
mod step;

pub use self::command::{IntoCommand, SagaCommand};
pub use self::context::StepContext;
pub use self::declaration::{Saga, SagaDefinition};
pub use self::error::{StepError, StepReturn};
pub use self::event::{Correlated, MissingInstance, SagaEvent, StartedBy};
pub use self::failure::{FailureCommand, SagaFailure, SendsOnFailure};
pub(crate) use self::key::derived;
pub use self::migration::{InFlight, InFlightStep, Migrated, Migration};
pub use self::options::{Retry, SagaTimes};
pub use self::outputs::Outputs;
pub use self::step::{
    Produces, Sends, Step, StepDefinition, StepInfo, StepKind, StepOutput, TimesOut, Undo, UndoSends,
    WaitsFor, WayBack,
};
