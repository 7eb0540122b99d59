//! What an application refuses to be built with.

mod consumer;
mod saga;

pub(super) use self::consumer::{mistakes_of_projection, mistakes_of_reactor, mistakes_of_read_model};
pub(super) use self::saga::mistakes_of_saga;

use std::any::type_name;

use crate::aggregate::Aggregate;
use crate::catalog::{Catalog, Contradiction};
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::limits::{MAX_CONSUMER_NAME, MAX_EVENT_NAME, MAX_TABLE_NAME};
use crate::schema::Schema;
use crate::store::StoreError;
use crate::stream::is_category;

/// Why an application was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// What was registered does not fit together: everything that is wrong, one a line. Nothing was asked of the store.
    #[error("the application does not fit together{}", lines(.0))]
    Mistakes(Vec<Mistake>),
    /// The store cannot be made ready.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("\n- {mistake}")).collect()
}

/// One thing that is wrong with what was registered. The derives refuse all but the contradictions at compile time; impls written by hand meet them here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Two declarations cannot both hold.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// A category that cannot begin a stream's name.
    #[error(
        "`{category}` cannot be the category of `{aggregate}`: it is of a-z, 0-9, _ and ., and starts with a letter"
    )]
    Category {
        /// The aggregate.
        aggregate: &'static str,
        /// Its category.
        category: &'static str,
    },
    /// An id that is not always written as one string or number.
    #[error("`{id}` cannot be the id of `{aggregate}`: it is not written as one string or integer")]
    Id {
        /// The aggregate.
        aggregate: &'static str,
        /// The type of its id.
        id: &'static str,
    },
    /// An event whose name or version no store takes.
    #[error(
        "`{event}` cannot be stored as `{name}` version {version}: a name has 1 to {MAX_EVENT_NAME} bytes and no control character, versions begin at 1"
    )]
    Event {
        /// The type of the event.
        event: &'static str,
        /// Its persisted name.
        name: &'static str,
        /// The version written today.
        version: u32,
    },
    /// Two consumers of one name, or one registered twice.
    #[error(
        "`{first}` and `{second}` are both the consumer `{name}`; register each once, under a name of its own"
    )]
    ConsumerTwice {
        /// The name: of a read model, that of its table.
        name: &'static str,
        /// The type that was there.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
    /// A name that cannot be that of a read model's table.
    #[error(
        "`{table}` cannot be the table of `{read_model}`: it is of a-z, 0-9 and _, starts with a letter, has no __ and at most {MAX_TABLE_NAME} bytes, and is no table of Kenning's own"
    )]
    Table {
        /// The read model.
        read_model: &'static str,
        /// Its table.
        table: &'static str,
    },
    /// A name that cannot be that of a projection or a reactor.
    #[error(
        "`{name}` cannot be the name of `{projection}`: it has 1 to {MAX_CONSUMER_NAME} bytes and no control character"
    )]
    ConsumerName {
        /// The projection or reactor.
        projection: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A version that cannot be counted.
    #[error("`{consumer}` cannot have the version {version}: versions begin at 1 and have 31 bits")]
    ConsumerVersion {
        /// The read model, projection or reactor.
        consumer: &'static str,
        /// Its version.
        version: u32,
    },
    /// A read model with several partitions that would write to the same rows.
    #[error(
        "`{read_model}` cannot have {partitions} partitions: events of several streams reach one row, as some of its keys are computed; leave it at one"
    )]
    Partitions {
        /// The read model.
        read_model: &'static str,
        /// How many it was to have.
        partitions: u16,
    },
    /// What a read model says of its columns contradicts itself.
    #[error("`{read_model}` cannot be a table: {reason}")]
    Columns {
        /// The read model.
        read_model: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A name that cannot be that of a saga.
    #[error(
        "`{name}` cannot be the name of `{saga}`: it has 1 to {MAX_CONSUMER_NAME} bytes and no control character"
    )]
    SagaName {
        /// The saga.
        saga: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// An id that is not always written as one string or number.
    #[error("`{id}` cannot be the id of `{saga}`: it is not written as one string or integer")]
    SagaId {
        /// The saga.
        saga: &'static str,
        /// The type of its id.
        id: &'static str,
    },
    /// More migrations than there are earlier versions.
    #[error(
        "`{saga}` is of version {version} and has {migrations} migrations: it can have one for each version before it"
    )]
    SagaMigrations {
        /// The saga.
        saga: &'static str,
        /// Its version.
        version: u32,
        /// How many migrations it has.
        migrations: usize,
    },
    /// An old definition that finishes instances, of a saga whose newer definition is not registered.
    #[error(
        "version {version} of the saga `{name}` only finishes its instances: register a higher version of it with `.saga::<…>(…)`"
    )]
    OldSaga {
        /// The name of the saga.
        name: &'static str,
        /// The version that finishes its instances.
        version: u32,
    },
    /// A saga sends a command to an aggregate that is not part of the application.
    #[error(
        "`{saga}` sends `{command}` to `{category}`, which is not registered: add `.aggregate::<…>()` to `Kenning::builder`"
    )]
    SagaSends {
        /// The saga.
        saga: &'static str,
        /// The name of the command.
        command: &'static str,
        /// The category of the aggregate.
        category: &'static str,
    },
    /// What the table of a saga says of its steps contradicts itself.
    #[error("`{saga}` cannot be run: {reason}")]
    SagaSteps {
        /// The saga.
        saga: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// What is wrong with one aggregate.
pub(super) fn mistakes_of<A: Aggregate>() -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if !is_category(A::CATEGORY.as_bytes()) {
        mistakes.push(Mistake::Category { aggregate: type_name::<A>(), category: A::CATEGORY });
    }
    if !<A::Id as Schema>::SCALAR {
        mistakes.push(Mistake::Id { aggregate: type_name::<A>(), id: type_name::<A::Id>() });
    }
    mistakes.extend(unstorable_events::<A::Events>());
    mistakes
}

/// The events of a set that no store takes.
pub(super) fn unstorable_events<S: EventSet>() -> impl Iterator<Item = Mistake> {
    unstorable(S::EVENTS.iter())
}

/// Those of some events that no store takes.
pub(super) fn unstorable<'a>(events: impl Iterator<Item = &'a EventInfo>) -> impl Iterator<Item = Mistake> {
    events.filter(|info| !is_storable(info)).map(|info| Mistake::Event {
        event: (info.type_name)(),
        name: info.name,
        version: info.version,
    })
}

fn is_storable(info: &EventInfo) -> bool {
    let named =
        !info.name.is_empty() && info.name.len() <= MAX_EVENT_NAME && !info.name.contains(char::is_control);
    named && info.version > 0 && i32::try_from(info.version).is_ok()
}

/// Everything that is wrong, in one error.
pub(super) fn check(catalog: &Catalog, mut mistakes: Vec<Mistake>) -> Result<(), BuildError> {
    mistakes.extend(catalog.contradictions().iter().cloned().map(Mistake::from));
    if mistakes.is_empty() { Ok(()) } else { Err(BuildError::Mistakes(mistakes)) }
}
