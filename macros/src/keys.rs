//! The keys of `#[kenning(…)]` and of the attribute macros: which there are, where they are legal, how they are written.

use std::fmt;

use crate::symbol::{
    AGGREGATE, CATEGORY, COLUMN, CRATE, CREATES, EVENTS, FROM, ID, IGNORE, INDEX, INLINE, JSON, KEY,
    KEYS as SEVERAL_KEYS, MISSING, NAME, PRESENT, SCHEMA, SNAPSHOT_EVERY, TABLE, UNIQUE, VERSION,
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
}

impl Place {
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
    key(Place::ProjectionBlock, CRATE, "crate = ::path::to::kenning"),
];

/// The key of that name at the place.
pub(crate) fn find(place: Place, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.place == place && key.name == name)
}

/// The keys that are legal at the place.
pub(crate) fn at(place: Place) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.place == place)
}

/// The keys of that name elsewhere.
pub(crate) fn elsewhere(place: Place, name: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.place != place && key.name == name)
}
