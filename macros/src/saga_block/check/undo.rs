//! Every undo takes back one step.

use super::super::ast::{Block, Step};
use super::super::resolve::name;
use crate::ctxt::Ctxt;
use crate::symbol::UNDO;

pub(super) fn check(cx: &Ctxt, block: &Block<'_>) {
    for undo in &block.undos {
        let own = name(&undo.function.sig.ident);
        let users: Vec<&Step<'_>> = block
            .steps
            .iter()
            .filter(|step| step.args.undo.as_ref().is_some_and(|undo| name(undo) == own))
            .collect();
        if users.is_empty() && !is_meant(block) {
            let help = format!("write `undo = {own}` in the `#[step]` that it undoes, or remove it");
            cx.help(&undo.function.sig.ident, format_args!("the undo `{own}` is not used by any step"), help);
        }
        for second in users.iter().skip(1) {
            let first = users.first().map(|step| name(step.ident())).unwrap_or_default();
            let message =
                format!("`{own}` is the undo of two steps, `{first}` and `{}`", name(second.ident()));
            let help = "write an `#[undo]` function for each: it gets what its own step has returned";
            cx.help(&second.args.undo, message, help);
        }
    }
}

/// Whether a step names an undo that there is not: it may mean this one.
fn is_meant(block: &Block<'_>) -> bool {
    let unread = block.steps.iter().any(|step| step.args.has(UNDO) && step.args.undo.is_none());
    let known = |wanted| block.undos.iter().any(|undo| name(&undo.function.sig.ident) == name(wanted));
    unread || block.steps.iter().filter_map(|step| step.args.undo.as_ref()).any(|wanted| !known(wanted))
}
