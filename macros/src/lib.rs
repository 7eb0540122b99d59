//! The macros of kenning. They are documented where users find them, at their re-exports in the crate `kenning`.

mod aggregate;
mod aggregate_block;
mod attr;
mod bounds;
mod command;
mod ctxt;
mod declared;
mod derive;
mod duration;
mod event;
mod event_parameter;
mod event_set;
mod fallback;
mod generics;
mod impl_block;
mod kenning;
mod keys;
mod krate;
mod marks;
mod names;
mod outside;
mod projection;
mod reactor;
mod read_model;
mod read_model_block;
mod saga;
mod saga_block;
mod schema;
mod signature;
mod source;
mod spans;
mod suggest;
mod symbol;
mod text;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::declared::Lacking;

/// Declares an event.
#[proc_macro_derive(Event, attributes(kenning))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::Event, input.into(), event::derive).into()
}

/// Derives the shape that a type has as JSON.
#[proc_macro_derive(Schema, attributes(kenning))]
pub fn derive_schema(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::Schema, input.into(), schema::derive).into()
}

/// Declares a set of events.
#[proc_macro_derive(EventSet, attributes(kenning))]
pub fn derive_event_set(input: TokenStream) -> TokenStream {
    let input: proc_macro2::TokenStream = input.into();
    let input = declared::veiled(input.clone()).unwrap_or(input);
    derive::run_as(Lacking::EventSet, input, event_set::derive).into()
}

/// Declares an aggregate's state.
#[proc_macro_derive(Aggregate, attributes(kenning))]
pub fn derive_aggregate(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::Aggregate, input.into(), aggregate::derive).into()
}

/// Declares a command.
#[proc_macro_derive(Command, attributes(kenning))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::Command, input.into(), command::derive).into()
}

/// Declares a read model.
#[proc_macro_derive(ReadModel, attributes(kenning))]
pub fn derive_read_model(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::ReadModel, input.into(), read_model::derive).into()
}

/// Declares a saga's data.
#[proc_macro_derive(Saga, attributes(kenning))]
pub fn derive_saga(input: TokenStream) -> TokenStream {
    derive::run_as(Lacking::Saga, input.into(), saga::derive).into()
}

/// Says that a projection is declared on an `impl` block.
#[proc_macro_derive(Projection, attributes(kenning))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    derive::run(input.into(), |cx, input| {
        derive::behaviour(cx, input, "projection", "(name = \"…\", version = 1, events = …)")
    })
    .into()
}

/// Says that a reactor is declared on an `impl` block.
#[proc_macro_derive(Reactor, attributes(kenning))]
pub fn derive_reactor(input: TokenStream) -> TokenStream {
    derive::run(input.into(), |cx, input| {
        derive::behaviour(cx, input, "reactor", "(name = \"…\", version = 1)")
    })
    .into()
}

/// Turns the marked functions of an `impl` block into an aggregate's behaviour.
#[proc_macro_attribute]
pub fn aggregate(args: TokenStream, item: TokenStream) -> TokenStream {
    block(symbol::AGGREGATE, args.into(), &item.into(), aggregate_block::attribute)
}

/// Marks a function of an `#[aggregate]` block that applies an event.
#[proc_macro_attribute]
pub fn apply(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::APPLY, &[symbol::AGGREGATE], &item.into()).into()
}

/// Marks a function of an `#[aggregate]` block that decides on a command.
#[proc_macro_attribute]
pub fn command(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = item.into();
    if let Some(instead) = kenning::instead(symbol::COMMAND, &args.into(), &item) {
        return instead.into();
    }
    outside::attribute(symbol::COMMAND, &[symbol::AGGREGATE], &item).into()
}

/// Turns the marked functions of an `impl` block into what events do to a read model's rows.
#[proc_macro_attribute]
pub fn read_model(args: TokenStream, item: TokenStream) -> TokenStream {
    block(symbol::READ_MODEL, args.into(), &item.into(), read_model_block::attribute)
}

/// Declares a projection on an `impl` block, and turns its marked functions into what it does on events.
#[proc_macro_attribute]
pub fn projection(args: TokenStream, item: TokenStream) -> TokenStream {
    block(symbol::PROJECTION, args.into(), &item.into(), projection::attribute)
}

/// Declares a reactor on an `impl` block, and turns its marked functions into what events cause.
#[proc_macro_attribute]
pub fn reactor(args: TokenStream, item: TokenStream) -> TokenStream {
    block(symbol::REACTOR, args.into(), &item.into(), reactor::attribute)
}

/// Marks a function of a `#[read_model]`, `#[projection]` or `#[reactor]` block that handles an event.
#[proc_macro_attribute]
pub fn on(_: TokenStream, item: TokenStream) -> TokenStream {
    let blocks = [symbol::READ_MODEL, symbol::PROJECTION, symbol::REACTOR];
    outside::attribute(symbol::ON, &blocks, &item.into()).into()
}

/// Marks a function of a `#[projection]` block that prepares its tables.
#[proc_macro_attribute]
pub fn begin(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::BEGIN, &[symbol::PROJECTION], &item.into()).into()
}

/// Turns the marked functions of an `impl` block into the steps of a saga.
#[proc_macro_attribute]
pub fn saga(args: TokenStream, item: TokenStream) -> TokenStream {
    block(symbol::SAGA, args.into(), &item.into(), saga_block::attribute)
}

/// Marks a function of a `#[saga]` block that starts an instance.
#[proc_macro_attribute]
pub fn start(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::START, &[symbol::SAGA], &item.into()).into()
}

/// Marks a function of a `#[saga]` block that is a step.
#[proc_macro_attribute]
pub fn step(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::STEP, &[symbol::SAGA], &item.into()).into()
}

/// Marks a function of a `#[saga]` block that takes a step back.
#[proc_macro_attribute]
pub fn undo(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::UNDO, &[symbol::SAGA], &item.into()).into()
}

/// Marks a function of a `#[saga]` block that waits for an event.
#[proc_macro_attribute]
pub fn wait(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::WAIT, &[symbol::SAGA], &item.into()).into()
}

/// Marks a function of a `#[saga]` block that sends a command.
#[proc_macro_attribute]
pub fn send(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::SEND, &[symbol::SAGA], &item.into()).into()
}

/// Marks the function of a `#[saga]` block that sends a command when the saga has failed.
#[proc_macro_attribute]
pub fn failed(_: TokenStream, item: TokenStream) -> TokenStream {
    outside::attribute(symbol::FAILED, &[symbol::SAGA], &item.into()).into()
}

/// Says which derive is missing, where `#[kenning(…)]` is on something without one.
#[proc_macro_attribute]
pub fn kenning(args: TokenStream, item: TokenStream) -> TokenStream {
    kenning::attribute(&args.into(), &item.into()).into()
}

/// What the block becomes, and what replaces derives that its types lack.
fn block(
    attribute: &str,
    args: proc_macro2::TokenStream,
    item: &proc_macro2::TokenStream,
    expand: fn(proc_macro2::TokenStream, &proc_macro2::TokenStream) -> proc_macro2::TokenStream,
) -> TokenStream {
    if let Some(instead) = kenning::instead(attribute, &args, item) {
        return instead.into();
    }
    if let Some(twice) = (attribute == symbol::SAGA).then(|| declared::twice(&args, item)).flatten() {
        return twice.into();
    }
    let args = declared::veiled(args.clone()).unwrap_or(args);
    let lacking = declared::of_block(attribute, &args, item);
    let mut all = expand(args, item);
    all.extend(lacking);
    all.into()
}
