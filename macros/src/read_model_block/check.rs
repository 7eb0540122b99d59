//! The rules over a whole `#[read_model]` block. Twice in two blocks is found by the compiler: the impls overlap.

use std::collections::HashMap;

use super::ast::Block;
use crate::ctxt::Ctxt;
use crate::generics;
use crate::text::text;

pub(super) fn check(cx: &Ctxt, block: &Block<'_>) {
    let header = &block.original.header;
    let what = "a `#[read_model]` block";
    if let Some((path, _)) = &header.trait_ {
        let help = format!(
            "write `#[read_model] impl {}`: each function becomes an impl of `On`",
            text(&header.self_ty)
        );
        cx.help(path, format_args!("{what} is an inherent `impl`, not the impl of a trait"), help);
    }
    generics::refuse(cx, &header.generics, what, "a read model is not generic: name its types");
    if let Some(keyword) = &header.unsafety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), "leave `unsafe` out");
    }
    if !block.marked && header.trait_.is_none() && header.generics.params.is_empty() {
        let help = "mark functions with `#[on]`, or leave `#[read_model]` out";
        cx.help(&header.self_ty, "this `#[read_model]` block has no `#[on]` function", help);
    }
    check_events(cx, block);
}

/// Functions under `cfg` may stand in for each other, and are left to the compiler, which knows which are there.
fn check_events(cx: &Ctxt, block: &Block<'_>) {
    let mut handled = HashMap::new();
    for handler in block.handlers.iter().filter(|handler| handler.function.cfgs().next().is_none()) {
        let name = &handler.function.sig.ident;
        let event = text(handler.event);
        if let Some(first) = handled.insert(event.clone(), name) {
            let message = format!("the event `{event}` is handled twice, by `{first}` and by `{name}`");
            let help = "make one function of the two; several rows are reached by `#[on(keys = …)]`";
            cx.help(handler.event, message, help);
        }
    }
    let mut ignored = Vec::new();
    for event in &block.ignored {
        let written = text(event);
        if let Some(name) = handled.get(&written) {
            let help = "leave it out of `ignore(…)`, or leave the function out";
            cx.help(event, format_args!("the event `{written}` is ignored, and handled by `{name}`"), help);
        } else if ignored.contains(&written) {
            cx.help(event, format_args!("the event `{written}` is ignored twice"), "remove one of the two");
        }
        ignored.push(written);
    }
}
