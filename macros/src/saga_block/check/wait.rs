//! The rules of waits among each other: which of them an event is for, and whether their timeouts can come.

use super::super::ast::{Block, Kind, Step};
use super::super::resolve::{Plan, name};
use crate::ctxt::Ctxt;
use crate::duration;
use crate::symbol::FAIL;
use crate::text::text;

pub(super) fn check(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>) {
    let waits: Vec<(usize, &Step<'_>)> =
        block.steps.iter().enumerate().filter(|(_, step)| step.kind == Kind::Wait).collect();
    for &(at, wait) in &waits {
        check_start(cx, block, wait);
        check_deadline(cx, block, plan, at, wait);
        check_fail(cx, block, wait);
    }
    for (second, &(at, wait)) in waits.iter().enumerate() {
        let twin = waits.iter().take(second).find(|(before, other)| {
            event(other).is_some() && event(other) == event(wait) && are_parallel(plan, *before, at)
        });
        // Under `cfg` one may stand in for the other.
        if let Some((_, first)) = twin
            && wait.function.cfgs().next().is_none()
        {
            let (one, other) = (name(first.ident()), name(wait.ident()));
            let message = format!("`{one}` and `{other}` run in parallel and wait for the same event");
            let help =
                format!("write `after({one})` in the `#[wait(…)]` of `{other}`, or wait for another event");
            cx.help(wait.event.map(|event| event.ty), message, help);
        }
    }
}

fn event(wait: &Step<'_>) -> Option<String> {
    wait.event.map(|event| text(event.ty))
}

fn are_parallel(plan: &Plan<'_, '_>, one: usize, other: usize) -> bool {
    plan.graph.as_ref().is_some_and(|graph| !graph.is_before(one, other) && !graph.is_before(other, one))
}

/// The event that starts an instance is not one that it waits for.
fn check_start(cx: &Ctxt, block: &Block<'_>, wait: &Step<'_>) {
    let Some(waited) = wait.event else { return };
    let start = block.starts.iter().find(|start| {
        start.event.is_some_and(|event| text(event.ty) == text(waited.ty))
            && start.function.cfgs().next().is_none()
    });
    if let Some(start) = start {
        let message = format!(
            "`{}` waits for the event that starts the saga in `{}`",
            name(wait.ident()),
            name(&start.function.sig.ident)
        );
        let help = "remove this wait, since an event ends no wait of the instance that it starts; or wait for another event";
        cx.help(waited.ty, message, help);
    }
}

/// A timeout that comes after the deadline never comes. After the pivot there is no deadline.
fn check_deadline(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>, at: usize, wait: &Step<'_>) {
    let (Some(deadline), Some((key, timeout))) = (block.deadline, &wait.args.timeout) else { return };
    let pivots = block.steps.iter().enumerate().filter(|(_, step)| step.args.pivot.is_some());
    let mut after =
        pivots.filter(|(pivot, _)| plan.graph.as_ref().is_none_or(|graph| graph.is_before(*pivot, at)));
    if *timeout >= deadline && after.next().is_none() {
        let message = format!(
            "`{}` waits for {}, but the `deadline` of the saga is {}: the timeout cannot happen",
            name(wait.ident()),
            duration::text(*timeout),
            duration::text(deadline)
        );
        cx.help(key, message, "write a shorter `timeout`, or a longer `deadline` in `#[saga(…)]`");
    }
}

/// `fail` is a word of ours, and a function of that name is not called.
fn check_fail(cx: &Ctxt, block: &Block<'_>, wait: &Step<'_>) {
    let fails = wait.args.on_timeout.as_ref().is_some_and(|on_timeout| on_timeout.function.is_none());
    let function = block.original.functions().find(|function| function.sig.ident == FAIL);
    if let (true, Some(function)) = (fails, function) {
        let message = "`on_timeout = fail` fails the saga, it does not call this function";
        let help = "give the function another name, as in `on_timeout = timed_out`";
        cx.help(&function.sig.ident, message, help);
    }
}
