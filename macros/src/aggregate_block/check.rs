//! The rules over a whole `#[aggregate]` block. Twice in two blocks is found by the compiler: the impls overlap.

use std::collections::HashMap;

use super::ast::Block;
use crate::ctxt::Ctxt;
use crate::generics;
use crate::text::text;

pub(super) fn check(cx: &Ctxt, block: &Block<'_>) {
    let header = &block.original.header;
    let what = "an `#[aggregate]` block";
    if let Some((path, _)) = &header.trait_ {
        let help = format!(
            "write `#[aggregate] impl {}`: each function becomes an impl of `Apply` or `Handle`",
            text(&header.self_ty)
        );
        cx.help(path, format_args!("{what} is an inherent `impl`, not the impl of a trait"), help);
    }
    generics::refuse(cx, &header.generics, what, "an aggregate's state is not generic: name its types");
    if let Some(keyword) = &header.unsafety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), "leave `unsafe` out");
    }
    if !block.marked && header.trait_.is_none() && header.generics.params.is_empty() {
        let help = "mark functions with `#[apply]` or `#[command]`, or leave `#[aggregate]` out";
        cx.help(
            &header.self_ty,
            "this `#[aggregate]` block has no `#[apply]` and no `#[command]` function",
            help,
        );
    }
    // Functions under `cfg` may stand in for each other, and are left to the compiler, which knows which are there.
    let mut applied = HashMap::new();
    for apply in block.applies.iter().filter(|apply| apply.function.cfgs().next().is_none()) {
        let name = &apply.function.sig.ident;
        if let Some(first) = applied.insert(text(apply.event), name) {
            let message =
                format!("the event `{}` is applied twice, by `{first}` and by `{name}`", text(apply.event));
            cx.help(apply.event, message, "make one function of the two");
        }
    }
    let mut handled = HashMap::new();
    for command in block.commands.iter().filter(|command| command.function.cfgs().next().is_none()) {
        let name = &command.function.sig.ident;
        if let Some(first) = handled.insert(text(command.command), name) {
            let message = format!(
                "the command `{}` is handled twice, by `{first}` and by `{name}`",
                text(command.command)
            );
            cx.help(command.command, message, "make one function of the two");
        }
    }
}
