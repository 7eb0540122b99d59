//! The rules over a whole `#[reactor]` block.

use std::collections::HashMap;

use super::ast::Block;
use crate::ctxt::Ctxt;
use crate::symbol::NAME;
use crate::text::text;
use crate::{generics, names};

pub(super) fn check(cx: &Ctxt, block: &Block<'_>) {
    check_header(cx, block);
    if let Some(name) = &block.name {
        names::check_consumer(cx, name, "the name of a reactor");
    }
    if !block.missing.is_empty() {
        report_missing(cx, block);
    }
    // Functions under `cfg` may stand in for each other, and are left to the compiler, which knows which are there.
    let mut handled = HashMap::new();
    for handler in block.handlers.iter().filter(|handler| handler.function.cfgs().next().is_none()) {
        let (event, name) = (handler.event.ty, &handler.function.sig.ident);
        if let Some(first) = handled.insert(text(event), name) {
            let message =
                format!("the event `{}` is handled twice, by `{first}` and by `{name}`", text(event));
            cx.help(event, message, "make one function of the two");
        }
    }
}

fn check_header(cx: &Ctxt, block: &Block<'_>) {
    let header = &block.original.header;
    let what = "a `#[reactor]` block";
    if let Some((path, _)) = &header.trait_ {
        let help = format!(
            "write `#[reactor(…)] impl {}`: each `#[on]` function becomes an impl of `React`",
            text(&header.self_ty)
        );
        cx.help(path, format_args!("{what} is an inherent `impl`, not the impl of a trait"), help);
    }
    generics::refuse(cx, &header.generics, what, "a reactor has one name and one checkpoint: name its types");
    if let Some(keyword) = &header.unsafety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), "leave `unsafe` out");
    }
    if !block.marked && block.original.is_plain() {
        let help = "mark the functions that handle events with `#[on]`";
        cx.help(&header.self_ty, "this `#[reactor]` block has no `#[on]` function", help);
    }
}

/// One report, however many are missing: they are typed in one go.
fn report_missing(cx: &Ctxt, block: &Block<'_>) {
    let self_ty = &block.original.header.self_ty;
    let word = names::consumer_of(&text(self_ty));
    let form = |key: &&str| match *key {
        NAME => format!("name = \"{word}\""),
        version => format!("{version} = 1"),
    };
    let missing: Vec<String> = block.missing.iter().map(|key| format!("`{key}`")).collect();
    let forms: Vec<String> = block.missing.iter().map(form).collect();
    let help = format!("write `#[reactor({})]`", forms.join(", "));
    cx.help(self_ty, format_args!("the reactor `{}` has no {}", text(self_ty), missing.join(", no ")), help);
}
