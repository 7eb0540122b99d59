//! How much the macros write. Every line is compiled again on each edit, so growth has to show in a review.

use proc_macro2::TokenStream;

use super::{inputs, pretty, snapshot};
use crate::derive;

fn lines(tokens: &TokenStream) -> usize {
    pretty(tokens).lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn lines_that_an_expansion_has() {
    let block = |item: &TokenStream| crate::aggregate_block::attribute(TokenStream::new(), item);
    // The user's own block is part of what is emitted, and no cost of ours.
    let own = lines(&inputs::block()) - 3;
    let of_projection = |item: &TokenStream| {
        // As above, without the marks of its two functions.
        lines(&crate::projection::attribute(inputs::projection_keys(), item)) - (lines(item) - 2)
    };
    let read_model_block =
        crate::read_model_block::attribute(TokenStream::new(), &inputs::read_model_block());
    let table = [
        ("an event", lines(&derive::run(inputs::event(), crate::event::derive))),
        ("an event of version 3", lines(&derive::run(inputs::event_of_version_3(), crate::event::derive))),
        ("a set of two events", lines(&derive::run(inputs::event_set(), crate::event_set::derive))),
        ("an aggregate", lines(&derive::run(inputs::aggregate(), crate::aggregate::derive))),
        ("a command", lines(&derive::run(inputs::command(), crate::command::derive))),
        (
            "a read model of five columns",
            lines(&derive::run(inputs::read_model(), crate::read_model::derive)),
        ),
        ("four handlers of a read model", lines(&read_model_block) - lines(&inputs::read_model_block()) + 6),
        ("two commands and one apply", lines(&block(&inputs::block())) - own),
        ("a projection of two events and one ignored", of_projection(&inputs::projection())),
    ];
    let of_steps = |item: &TokenStream, functions: usize| {
        lines(&crate::saga_block::attribute(quote::quote!(services = Services), item))
            - (lines(item) - functions)
    };
    let table: Vec<(&str, usize)> = table
        .into_iter()
        .chain([
            ("a saga", lines(&derive::run(inputs::saga(), crate::saga::derive))),
            ("a saga of one step with its undo", of_steps(&inputs::step(), 2)),
            (
                "a saga of a start, two steps, a wait, a command and a failure",
                of_steps(&inputs::saga_block(), 6),
            ),
            ("a reactor of two events", {
                let keys = quote::quote!(name = "inventory", version = 1);
                lines(&crate::reactor::attribute(keys, &inputs::reactor())) - (lines(&inputs::reactor()) - 2)
            }),
        ])
        .collect();
    let text: Vec<String> = table.iter().map(|(what, lines)| format!("{lines:>4} {what}")).collect();
    snapshot("lines_that_an_expansion_has", &text.join("\n"));
}
