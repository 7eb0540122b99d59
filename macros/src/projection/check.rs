//! The rules over a whole `#[projection]` block. That each event of the set is handled or ignored is found by the compiler, which knows the set.

use std::collections::HashMap;

use super::ast::{Block, Takes};
use crate::ctxt::Ctxt;
use crate::symbol::{EVENTS, NAME};
use crate::text::text;
use crate::{generics, names};

pub(super) fn check(cx: &Ctxt, block: &Block<'_>) {
    check_header(cx, block);
    if let Some(name) = &block.name {
        names::check_projection(cx, name);
    }
    if !block.missing.is_empty() {
        report_missing(cx, block);
    }
    check_begin(cx, block);
    check_events(cx, block);
    check_transactions(cx, block);
    check_batch(cx, block);
}

fn check_header(cx: &Ctxt, block: &Block<'_>) {
    let header = &block.original.header;
    let what = "a `#[projection]` block";
    if let Some((path, _)) = &header.trait_ {
        let help = format!(
            "write `#[projection(…)] impl {}`: each `#[on]` function becomes an impl of `Project`",
            text(&header.self_ty)
        );
        cx.help(path, format_args!("{what} is an inherent `impl`, not the impl of a trait"), help);
    }
    generics::refuse(
        cx,
        &header.generics,
        what,
        "a projection has one name and one checkpoint: name its types",
    );
    if let Some(keyword) = &header.unsafety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), "leave `unsafe` out");
    }
    if !block.marked && header.trait_.is_none() && header.generics.params.is_empty() {
        let help = "mark the functions that handle events with `#[on]`";
        cx.help(&header.self_ty, "this `#[projection]` block has no `#[on]` function", help);
    }
}

/// One report, however many are missing: they are typed in one go.
fn report_missing(cx: &Ctxt, block: &Block<'_>) {
    let self_ty = &block.original.header.self_ty;
    let word = names::consumer_of(&text(self_ty));
    let form = |key: &&str| match *key {
        NAME => format!("name = \"{word}\""),
        EVENTS => "events = OrderEvent".to_owned(),
        version => format!("{version} = 1"),
    };
    let missing: Vec<String> = block.missing.iter().map(|key| format!("`{key}`")).collect();
    let forms: Vec<String> = block.missing.iter().map(form).collect();
    let help = format!("write `#[projection({})]`", forms.join(", "));
    cx.help(
        self_ty,
        format_args!("the projection `{}` has no {}", text(self_ty), missing.join(", no ")),
        help,
    );
}

/// A projection prepares its tables, or says why that is not needed.
fn check_begin(cx: &Ctxt, block: &Block<'_>) {
    let Some(begin) = &block.begin else { return };
    let name = &begin.function.sig.ident;
    if let Some(why) = &block.idempotent {
        let message = format!("`{name}` prepares the tables, and `idempotent` says that this is not needed");
        cx.help(why, message, format_args!("leave `idempotent` out, or leave `{name}` out"));
    }
    if let Some(inline) = &block.inline {
        let message = format!("an inline projection never starts again, so `{name}` is never called");
        cx.help(inline, message, format_args!("leave `{name}` out, or leave `inline` out"));
    }
    if let (Some(first), Some(own)) = (block.transaction(), &begin.transaction)
        && !crate::text::same(&first.owned, &own.owned)
    {
        let message = format!(
            "the functions of a projection write through one type of transaction, and another takes `&mut {}`",
            text(first.elem)
        );
        cx.help(own.parameter, message, format_args!("write `&mut {}`", text(first.elem)));
    }
}

fn check_events(cx: &Ctxt, block: &Block<'_>) {
    // Functions under `cfg` may stand in for each other, and are left to the compiler, which knows which are there.
    let mut handled = HashMap::new();
    for handler in block.handlers.iter().filter(|handler| handler.function.cfgs().next().is_none()) {
        let Some(event) = handler.takes.event() else { continue };
        let name = &handler.function.sig.ident;
        if let Some(first) = handled.insert(text(event), name) {
            let message =
                format!("the event `{}` is handled twice, by `{first}` and by `{name}`", text(event));
            cx.help(event, message, "make one function of the two");
        }
    }
    let mut ignored = HashMap::new();
    for event in &block.ignored {
        let name = text(event);
        if let Some(function) = handled.get(&name) {
            let message = format!("the event `{name}` is ignored, and handled by `{function}`");
            cx.help(event, message, format_args!("leave it out here, or leave `{function}` out"));
        } else if ignored.insert(name.clone(), ()).is_some() {
            cx.help(event, format_args!("the event `{name}` is ignored twice"), "remove one of the two");
        }
    }
}

fn check_transactions(cx: &Ctxt, block: &Block<'_>) {
    let Some(first) = block.transaction() else { return };
    let others = block.handlers.iter().filter(|handler| !block.agrees(handler));
    for other in others.filter_map(|handler| handler.transaction.as_ref()) {
        let message = format!(
            "the handlers of a projection write through one type of transaction, and another takes `&mut {}`",
            text(first.elem)
        );
        cx.help(other.parameter, message, format_args!("write `&mut {}`", text(first.elem)));
    }
}

fn check_batch(cx: &Ctxt, block: &Block<'_>) {
    let Some(batch) = block.batches().next() else { return };
    let name = &batch.function.sig.ident;
    for other in block.handlers.iter().filter(|other| !std::ptr::eq(*other, batch)) {
        let other_name = &other.function.sig.ident;
        let (message, help) = match other.takes {
            Takes::Batch(_) => (
                format!("`{name}` takes the whole batch, and so does `{other_name}`"),
                "make one function of the two",
            ),
            _ => (
                format!("`{name}` takes the whole batch, so nothing is left for `{other_name}`"),
                "write a function for each event, or one for all of them",
            ),
        };
        cx.help(other_name, message, help);
    }
    if let Some(event) = block.ignored.first() {
        let message = format!("`{name}` takes the whole batch: no event is ignored");
        cx.help(event, message, "leave `ignore(…)` out, and pass over the event in the function");
    }
    if let Some(cfg) = batch.function.cfgs().next() {
        let help = "write it on the `impl` block, or inside of the function";
        cx.help(&cfg.meta, "the function of a whole batch cannot be left out alone", help);
    }
}
