//! The keys of `#[kenning(…)]` and of the attribute macros: which there are, where they are legal, how they are written.

use std::fmt;

use crate::symbol::{
    AFTER, AGGREGATE, ATTEMPTS, BACKOFF, CATEGORY, COLUMN, CRATE, CREATES, DEADLINE, EVENTS, FOLD, FOREVER,
    FROM, ID, IDEMPOTENT, IGNORE, INDEX, INLINE, IRREVERSIBLE, JSON, KEY, KEYS as SEVERAL_KEYS, LATE,
    MIGRATE, MISSING, NAME, ON_TIMEOUT, PIVOT, PRESENT, READ_ONLY, RENAMED_FROM, RETRY, SCHEMA, SERVICES,
    SNAPSHOT_EVERY, TABLE, TIMEOUT, UNDO, UNDO_RETRY, UNIQUE, VERSION, WITHIN,
};

/// What an attribute stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Event,
    EventField,
    EventSet,
    EventVariant,
    Aggregate,
    AggregateField,
    Command,
    CommandField,
    Schema,
    SchemaField,
    AggregateBlock,
    ApplyFunction,
    CommandFunction,
    ReadModel,
    ReadModelField,
    ReadModelBlock,
    OnFunction,
    ProjectionBlock,
    ProjectionFunction,
    Saga,
    SagaField,
    SagaBlock,
    StartFunction,
    StepFunction,
    UndoFunction,
    WaitFunction,
    SendFunction,
    FailedFunction,
    /// The parentheses of `retry(…)` and `undo_retry(…)`.
    Retry,
    ReactorBlock,
    ReactorFunction,
}

impl Place {
    /// Whether it is about what goes on over several streams: sagas and reactors.
    pub(crate) fn is_of_processes(self) -> bool {
        matches!(
            self,
            Self::Saga
                | Self::SagaField
                | Self::SagaBlock
                | Self::StartFunction
                | Self::StepFunction
                | Self::UndoFunction
                | Self::WaitFunction
                | Self::SendFunction
                | Self::FailedFunction
                | Self::Retry
                | Self::ReactorBlock
                | Self::ReactorFunction
        )
    }

    /// Whether other derives may stand on the same item and read the same attribute, so that their keys are left to them.
    pub(crate) fn shares(self) -> bool {
        matches!(self, Self::Schema | Self::SchemaField)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "an event (`#[derive(Event)]`)",
            Self::EventField => "a field of an event",
            Self::EventSet => "a set of events (`#[derive(EventSet)]`)",
            Self::EventVariant => "a variant of a set of events",
            Self::Aggregate => "an aggregate's state (`#[derive(Aggregate)]`)",
            Self::AggregateField => "a field of an aggregate's state",
            Self::Command => "a command (`#[derive(Command)]`)",
            Self::CommandField => "a field of a command",
            Self::Schema => "a type with `#[derive(Schema)]`",
            Self::SchemaField => "a field or variant of a type with `#[derive(Schema)]`",
            Self::AggregateBlock => "an `impl` block with `#[aggregate]`",
            Self::ApplyFunction => "an `#[apply]` function",
            Self::CommandFunction => "a `#[command]` function",
            Self::ReadModel => "a read model (`#[derive(ReadModel)]`)",
            Self::ReadModelField => "a field of a read model",
            Self::ReadModelBlock => "an `impl` block with `#[read_model]`",
            Self::OnFunction => "an `#[on]` function of a read model",
            Self::ProjectionBlock => "an `impl` block with `#[projection]`",
            Self::ProjectionFunction => "an `#[on]` function of a projection",
            Self::Saga => "a saga (`#[derive(Saga)]`)",
            Self::SagaField => "a field of a saga",
            Self::SagaBlock => "an `impl` block with `#[saga]`",
            Self::StartFunction => "a `#[start]` function",
            Self::StepFunction => "a `#[step]` function",
            Self::UndoFunction => "an `#[undo]` function",
            Self::WaitFunction => "a `#[wait]` function",
            Self::SendFunction => "a `#[send]` function",
            Self::FailedFunction => "a `#[failed]` function",
            Self::Retry => "`retry(…)`",
            Self::ReactorBlock => "an `impl` block with `#[reactor]`",
            Self::ReactorFunction => "an `#[on]` function of a reactor",
        })
    }
}

/// A key that is legal at a place.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: &'static str,
    /// How it is written, as messages and the macros' pages show it.
    pub(crate) form: &'static str,
    /// Whether it may be given several times.
    pub(crate) repeats: bool,
}

const fn key(place: Place, name: &'static str, form: &'static str) -> Key {
    Key { place, name, form, repeats: false }
}

const fn repeated(place: Place, name: &'static str, form: &'static str) -> Key {
    Key { place, name, form, repeats: true }
}

/// Every key there is.
pub(crate) const KEYS: &[Key] = &[
    key(Place::Event, NAME, "name = \"order.placed\""),
    key(Place::Event, VERSION, "version = 2"),
    key(Place::Event, FROM, "from(OrderPlacedV1)"),
    key(Place::Event, CRATE, "crate = ::path::to::kenning"),
    key(Place::EventField, SCHEMA, "schema = \"rfc3339\""),
    key(Place::EventSet, CRATE, "crate = ::path::to::kenning"),
    key(Place::Aggregate, CATEGORY, "category = \"order\""),
    key(Place::Aggregate, ID, "id = OrderId"),
    key(Place::Aggregate, EVENTS, "events = OrderEvent"),
    key(Place::Aggregate, SNAPSHOT_EVERY, "snapshot_every = 100"),
    key(Place::Aggregate, FOLD, "fold = 2"),
    key(Place::Aggregate, CRATE, "crate = ::path::to::kenning"),
    key(Place::AggregateField, SCHEMA, "schema = \"rfc3339\""),
    key(Place::Command, AGGREGATE, "aggregate = Order"),
    key(Place::Command, NAME, "name = \"place_order\""),
    key(Place::Command, CREATES, "creates"),
    key(Place::Command, CRATE, "crate = ::path::to::kenning"),
    key(Place::CommandField, ID, "id"),
    key(Place::Schema, CRATE, "crate = ::path::to::kenning"),
    key(Place::Schema, SCHEMA, "schema = \"rfc3339\""),
    key(Place::SchemaField, SCHEMA, "schema = \"rfc3339\""),
    key(Place::AggregateBlock, CRATE, "crate = ::path::to::kenning"),
    key(Place::ReadModel, TABLE, "table = \"order_summaries\""),
    key(Place::ReadModel, VERSION, "version = 1"),
    key(Place::ReadModel, EVENTS, "events = OrderEvent"),
    repeated(Place::ReadModel, INDEX, "index(customer_id, placed_at)"),
    repeated(Place::ReadModel, UNIQUE, "unique(customer_id, number)"),
    key(Place::ReadModel, CRATE, "crate = ::path::to::kenning"),
    key(Place::ReadModelField, KEY, "key"),
    key(Place::ReadModelField, INDEX, "index"),
    key(Place::ReadModelField, UNIQUE, "unique"),
    key(Place::ReadModelField, JSON, "json"),
    key(Place::ReadModelField, COLUMN, "column = \"name\""),
    key(Place::ReadModelBlock, IGNORE, "ignore(OrderShipped)"),
    key(Place::ReadModelBlock, CRATE, "crate = ::path::to::kenning"),
    key(Place::OnFunction, KEY, "key = event.customer_id"),
    key(Place::OnFunction, SEVERAL_KEYS, "keys = event.customers()"),
    key(Place::OnFunction, MISSING, "missing = ignore"),
    key(Place::OnFunction, PRESENT, "present = ignore"),
    key(Place::ProjectionBlock, NAME, "name = \"revenue\""),
    key(Place::ProjectionBlock, VERSION, "version = 1"),
    key(Place::ProjectionBlock, EVENTS, "events = OrderEvent"),
    key(Place::ProjectionBlock, IGNORE, "ignore(OrderShipped)"),
    key(Place::ProjectionBlock, INLINE, "inline"),
    key(Place::ProjectionBlock, IDEMPOTENT, "idempotent = \"why\""),
    key(Place::ProjectionBlock, RENAMED_FROM, "renamed_from = \"sales\""),
    key(Place::ProjectionBlock, CRATE, "crate = ::path::to::kenning"),
    key(Place::Saga, NAME, "name = \"order-fulfilment\""),
    key(Place::Saga, VERSION, "version = 1"),
    key(Place::Saga, ID, "id = order_id"),
    key(Place::Saga, MIGRATE, "migrate(from_v1)"),
    key(Place::Saga, CRATE, "crate = ::path::to::kenning"),
    key(Place::SagaField, SCHEMA, "schema = \"rfc3339\""),
    key(Place::SagaBlock, SERVICES, "services = Services"),
    key(Place::SagaBlock, DEADLINE, "deadline = \"7d\""),
    key(Place::SagaBlock, RETRY, RETRY_FORM),
    key(Place::SagaBlock, UNDO_RETRY, UNDO_RETRY_FORM),
    key(Place::SagaBlock, TIMEOUT, "timeout = \"5s\""),
    key(Place::SagaBlock, CRATE, "crate = ::path::to::kenning"),
    key(Place::StepFunction, NAME, "name = \"reserve\""),
    key(Place::StepFunction, AFTER, "after(reserve, charge)"),
    key(Place::StepFunction, UNDO, "undo = release"),
    key(Place::StepFunction, PIVOT, "pivot"),
    key(Place::StepFunction, IRREVERSIBLE, "irreversible = \"why\""),
    key(Place::StepFunction, READ_ONLY, "read_only"),
    key(Place::StepFunction, RETRY, RETRY_FORM),
    key(Place::StepFunction, UNDO_RETRY, UNDO_RETRY_FORM),
    key(Place::StepFunction, TIMEOUT, "timeout = \"5s\""),
    key(Place::WaitFunction, NAME, "name = \"settled\""),
    key(Place::WaitFunction, AFTER, "after(reserve, charge)"),
    key(Place::WaitFunction, TIMEOUT, "timeout = \"24h\""),
    key(Place::WaitFunction, ON_TIMEOUT, "on_timeout = fail"),
    key(Place::WaitFunction, FOREVER, "forever = \"why\""),
    key(Place::WaitFunction, MISSING, "missing = keep"),
    key(Place::WaitFunction, LATE, "late = park"),
    key(Place::SendFunction, NAME, "name = \"mark_shipped\""),
    key(Place::SendFunction, AFTER, "after(reserve, charge)"),
    key(Place::SendFunction, UNDO, "undo = cancel_shipment"),
    key(Place::SendFunction, PIVOT, "pivot"),
    key(Place::SendFunction, IRREVERSIBLE, "irreversible = \"why\""),
    key(Place::SendFunction, RETRY, RETRY_FORM),
    key(Place::SendFunction, UNDO_RETRY, UNDO_RETRY_FORM),
    key(Place::SendFunction, TIMEOUT, "timeout = \"5s\""),
    key(Place::Retry, ATTEMPTS, "attempts = 5"),
    key(Place::Retry, FOREVER, "forever"),
    key(Place::Retry, BACKOFF, "backoff = \"100ms..10s\""),
    key(Place::Retry, WITHIN, "within = \"1h\""),
    key(Place::ReactorBlock, NAME, "name = \"inventory\""),
    key(Place::ReactorBlock, VERSION, "version = 1"),
    key(Place::ReactorBlock, RENAMED_FROM, "renamed_from = \"stock\""),
    key(Place::ReactorBlock, CRATE, "crate = ::path::to::kenning"),
];

const RETRY_FORM: &str = "retry(attempts = 5, backoff = \"100ms..10s\")";
const UNDO_RETRY_FORM: &str = "undo_retry(attempts = 10, backoff = \"100ms..30s\")";

/// The key of that name at the place.
pub(crate) fn find(place: Place, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.place == place && key.name == name)
}

/// The keys that are legal at the place.
pub(crate) fn at(place: Place) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.place == place)
}

/// The keys of that name elsewhere: nearby, if there are any.
pub(crate) fn elsewhere(place: Place, name: &str) -> Vec<&'static Key> {
    let all: Vec<&Key> = KEYS.iter().filter(|key| key.place != place && key.name == name).collect();
    let near = |key: &&Key| key.place.is_of_processes() == place.is_of_processes();
    let nearby: Vec<&Key> = all.iter().copied().filter(near).collect();
    if nearby.is_empty() { all } else { nearby }
}
