//! Sagas: durable steps with undo.

mod any;
mod change;
mod command;
mod context;
mod decide;
mod declaration;
mod description;
mod doorbell;
mod engine;
mod erased;
mod error;
mod event;
mod failure;
mod fault;
mod faults;
mod follow;
mod key;
mod migration;
mod mistakes;
mod note;
mod operate;
mod options;
mod outputs;
mod progress;
mod reception;
mod start;
mod status;
mod step;
mod table;
#[cfg(test)]
#[cfg(all(feature = "memory", feature = "macros"))]
mod tests;
mod watch;

pub use self::change::{SagaChange, SagaChangeKind, SagaChanges};
pub use self::command::{IntoCommand, SagaCommand};
pub use self::context::StepContext;
pub use self::declaration::{Saga, SagaDefinition};
#[cfg(test)]
pub(crate) use self::description::tests::purchase::Purchase;
pub use self::description::{InvalidDescription, SagaDescription, StepDescription};
pub use self::error::{StepError, StepReturn};
pub use self::event::{Correlated, LateEvent, MissingInstance, SagaEvent, StartedBy, WaitReturn};
pub use self::failure::{FailureCommand, SagaFailure, SendsOnFailure};
pub use self::fault::EngineFault;
pub(crate) use self::key::derived;
pub use self::migration::{InFlight, InFlightStep, Migrated, Migration};
pub(crate) use self::mistakes::{mistakes_of_table, sent_by};
pub use self::operate::{SagaError, SagaHandle, Sagas};
pub use self::options::{Retry, SagaOptions, SagaTimes};
pub use self::outputs::Outputs;
pub use self::start::{StartError, StartSaga, Started};
pub use self::status::StepStatus;
pub use self::step::{
    Produces, Sends, Step, StepDefinition, StepInfo, StepKind, StepOutput, TimesOut, Undo, UndoSends,
    WaitsFor, WayBack,
};

pub(crate) use self::doorbell::Doorbell;
pub(crate) use self::engine::{RegisteredSaga, SagaEngine, SagaSide, Setup, registered};
pub(crate) use self::faults::Faults;
pub(crate) use self::follow::Follow;
pub(crate) use self::watch::Watch;
#[cfg(feature = "testing")]
pub(crate) use self::{
    any::{Brought, start as saga_start},
    context::CallContext,
    decide::Attempted,
    key::{Direction, step_key},
    note::{Moves, Note},
    table::{Does, Table},
    watch::Probe,
};
