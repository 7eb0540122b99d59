//! The rules for what one mark says.

use proc_macro2::Ident;

use crate::ctxt::Ctxt;
use crate::saga_block::ast::{Kind, Step};
use crate::saga_block::resolve::{Planned, name};
use crate::signature::{parameters, returned};
use crate::symbol::{FOREVER, TIMEOUT, UNDO};
use crate::text::text;

pub(super) fn check(cx: &Ctxt, step: &Step<'_>, planned: &Planned<'_, '_>) {
    check_way_back(cx, step);
    match step.kind {
        Kind::Wait => check_wait(cx, step, planned),
        Kind::Step | Kind::Send => check_undo_retry(cx, step),
    }
    if let (Kind::Step, Some(undo)) = (step.kind, planned.undo)
        && undo.sends
        && let Some(wanted) = &step.args.undo
    {
        let own = name(wanted);
        let message =
            format!("`{own}` returns a command, which takes back what a `#[send]` function has sent");
        let help = format!(
            "write `async fn {own}(&self, cx: &StepContext<…>, output: Option<&…>) -> Result<(), StepError>`"
        );
        cx.help(wanted, message, help);
    }
}

fn check_way_back(cx: &Ctxt, step: &Step<'_>) {
    let args = &step.args;
    let contradict = |key: &Ident, other: &str, why: &str| {
        cx.help(
            key,
            format_args!("`{key}` and `{other}` contradict each other: {why}"),
            "remove one of the two",
        );
    };
    if let Some((key, _)) = &args.irreversible {
        if args.has(UNDO) {
            contradict(key, UNDO, "what can be undone is not irreversible");
        }
        if args.read_only.is_some() {
            contradict(key, "read_only", "what changes nothing need not be taken back");
        }
    }
    if let Some(key) = &args.read_only {
        if args.has(UNDO) {
            contradict(key, UNDO, "what changes nothing need not be taken back");
        }
        if args.pivot.is_some() {
            contradict(key, "pivot", "what changes nothing is no point of no return");
        }
    }
}

fn check_undo_retry(cx: &Ctxt, step: &Step<'_>) {
    if let (Some(key), false) = (&step.args.undo_retry.key, step.args.has(UNDO)) {
        let message = format!("`{}` has no undo that could be tried again", name(step.ident()));
        cx.help(key, message, "write `undo = …` beside it, or leave it out");
    }
}

fn check_wait(cx: &Ctxt, step: &Step<'_>, planned: &Planned<'_, '_>) {
    let args = &step.args;
    let ident = step.ident();
    if !args.has(TIMEOUT) && !args.has(FOREVER) {
        let help = "write `timeout = \"24h\"`, or `forever = \"why\"`";
        cx.help(ident, format_args!("the wait `{}` has no `timeout`", name(ident)), help);
    }
    if let (Some((key, _)), true) = (&args.forever, args.has(TIMEOUT)) {
        cx.help(key, "`forever` and `timeout` contradict each other", "remove one of the two");
    } else if let (Some((_, _)), Some(on_timeout)) = (&args.forever, &args.on_timeout) {
        let help = "leave it out, or write `timeout = \"24h\"` in place of `forever`";
        cx.help(&on_timeout.key, "a wait without an end has no timeout", help);
    }
    let Some(function) = planned.on_timeout else { return };
    let sig = &function.sig;
    let own = name(&sig.ident);
    let form = format!("write `fn {own}(&self) -> …` with what the wait goes on with");
    if let Some(keyword) = &sig.asyncness {
        cx.help(keyword, format_args!("`{own}` cannot wait: the time is over"), &form);
    }
    match sig.receiver() {
        Some(receiver) if text(receiver) == "&self" => {}
        Some(receiver) => {
            cx.help(receiver, format_args!("`{own}` looks at the saga, it does not change it"), &form);
        }
        None => cx.help(&sig.ident, format_args!("`{own}` takes `&self`"), &form),
    }
    for more in parameters(sig) {
        cx.help(more, format_args!("`{own}` knows nothing but the saga: no event has come"), &form);
    }
    if returned(sig).is_none()
        && step.answer.is_some_and(|answer| text(crate::signature::argument(answer, 1)) != "()")
    {
        let message = format!("`{own}` returns nothing that the saga could go on with");
        cx.help(&sig.ident, message, &form);
    }
}
