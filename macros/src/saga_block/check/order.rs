//! The rules of the order: cycles, pivots, ways back, and what is taken from other steps.

use super::super::ast::{Block, Kind, Step};
use super::super::graph::{Graph, Mistake, Place};
use super::super::resolve::{Plan, name};
use crate::ctxt::Ctxt;

pub(super) fn check(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>) {
    let Some(graph) = &plan.graph else { return };
    let mistakes = graph.mistakes();
    let cyclic = mistakes.iter().any(|mistake| matches!(mistake, Mistake::Cycle(_)));
    for mistake in &mistakes {
        report(cx, block, graph, mistake);
    }
    if !cyclic {
        check_outputs(cx, block, plan, graph);
    }
}

fn report(cx: &Ctxt, block: &Block<'_>, graph: &Graph, mistake: &Mistake) {
    let step_at = |place: usize| block.steps.get(place);
    match mistake {
        Mistake::Cycle(cycle) => report_cycle(cx, block, graph, cycle),
        Mistake::UnorderedPivot { first, second } => {
            let (one, other) = (graph.name(*first), graph.name(*second));
            let message = format!(
                "the pivots `{one}` and `{other}` run in parallel: when one is done, the other may still fail"
            );
            let help = format!("add `{one}` to the `after(…)` of `{other}`, or leave one `pivot` out");
            let key = step_at(*second).and_then(|step| step.args.pivot.as_ref());
            cx.help(key, message, help);
        }
        Mistake::UndoPastPivot { step, pivot, place } => {
            let Some(declared) = step_at(*step) else { return };
            let message =
                format!("`{}` has an undo, but {}", graph.name(*step), stands(graph, *pivot, *place));
            cx.help(&declared.args.undo, message, mended(graph, *step, *pivot, *place, "undo"));
        }
        Mistake::LimitPastPivot { step, pivot, place } => {
            let Some(key) = step_at(*step).and_then(|step| step.args.retry.limit()) else { return };
            let message =
                format!("`{}` limits its retries, but {}", graph.name(*step), stands(graph, *pivot, *place));
            cx.help(key, message, mended(graph, *step, *pivot, *place, &key.to_string()));
        }
        Mistake::TimeoutPastPivot { step, pivot, place } => {
            let key = step_at(*step).and_then(|step| step.args.timeout.as_ref()).map(|(key, _)| key);
            let message =
                format!("`{}` fails on a timeout, but {}", graph.name(*step), stands(graph, *pivot, *place));
            let help = "write `on_timeout = …` with a function that says what it goes on with, or `forever = \"why\"`";
            cx.help(key, message, help);
        }
        Mistake::UndoOfPivot(step) => {
            let Some(declared) = step_at(*step) else { return };
            let message = format!(
                "the pivot `{}` has an undo, but after the pivot nothing can be undone",
                graph.name(*step)
            );
            cx.help(&declared.args.undo, message, "leave `undo` out, or `pivot`");
        }
        Mistake::LimitOfPivot(step) => {
            let Some(key) = step_at(*step).and_then(|step| step.args.retry.limit()) else { return };
            let message = format!(
                "the pivot `{}` cannot limit its retries: if it gave up, it would be unknown whether to compensate",
                graph.name(*step)
            );
            let help = format!(
                "remove `{key}`: the pivot is retried until it succeeds or returns `StepError::fail`"
            );
            cx.help(key, message, help);
        }
        Mistake::NoWayBack { step, beside } => {
            let Some(declared) = step_at(*step) else { return };
            report_no_way_back(cx, graph, declared, *beside);
        }
    }
}

fn stands(graph: &Graph, pivot: usize, place: Place) -> String {
    let pivot = graph.name(pivot);
    match place {
        Place::After => format!("comes after the pivot `{pivot}`: after the pivot nothing can be undone"),
        Place::Beside => {
            format!("can run in parallel with the pivot `{pivot}`: after the pivot nothing can be undone")
        }
    }
}

fn mended(graph: &Graph, step: usize, pivot: usize, place: Place, key: &str) -> String {
    let leave = format!("remove `{key}`: it is retried until it succeeds");
    match place {
        Place::After => format!("{leave}; or declare it before the pivot"),
        Place::Beside => {
            format!("{leave}; or add `{}` to the `after(…)` of `{}`", graph.name(step), graph.name(pivot))
        }
    }
}

fn report_cycle(cx: &Ctxt, block: &Block<'_>, graph: &Graph, cycle: &[usize]) {
    let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|step| graph.name(*step)).collect();
    let way = names.join(" -> ");
    // Under the name that leads from the first to the second, where it is written.
    let Some(first) = cycle.first().and_then(|step| block.steps.get(*step)) else { return };
    let next = names.get(1).copied().unwrap_or_default();
    let written =
        first.args.after.iter().flatten().find(|ident| name(ident) == next).unwrap_or(first.ident());
    if cycle.len() == 1 {
        cx.help(written, format_args!("`{next}` waits for itself: `{way}`"), "leave it out");
    } else {
        let help = "each waits for the next: take one of them out of an `after(…)`";
        cx.help(written, format_args!("these steps wait for each other: `{way}`"), help);
    }
}

fn report_no_way_back(cx: &Ctxt, graph: &Graph, step: &Step<'_>, beside: Option<usize>) {
    let own = name(step.ident());
    let reasons = match step.kind {
        Kind::Step => "`irreversible = \"why\"`, or `read_only` if it changes nothing",
        Kind::Send | Kind::Wait => "or `irreversible = \"why\"`",
    };
    let (message, help) = match beside {
        None => (
            format!("`{own}` has no undo: if the saga fails, what it did stays"),
            format!("write `undo = …` with an `#[undo]` function, {reasons}"),
        ),
        Some(pivot) => {
            let pivot = graph.name(pivot);
            (
                format!(
                    "`{own}` runs in parallel with the pivot `{pivot}` and has no undo: if the pivot fails, what it did stays"
                ),
                format!("add `{own}` to the `after(…)` of `{pivot}` and write `undo = …`, {reasons}"),
            )
        }
    };
    cx.help(step.ident(), message, help);
}

fn check_outputs(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>, graph: &Graph) {
    for (place, (step, planned)) in block.steps.iter().zip(&plan.steps).enumerate() {
        for (output, from) in step.outputs().zip(&planned.outputs) {
            let Some(from) = *from else { continue };
            if graph.is_before(from, place) {
                continue;
            }
            let (own, other) = (graph.name(place), graph.name(from));
            let message = if from == place {
                format!("`{own}` takes what it returns itself")
            } else {
                format!("`{own}` takes what `{other}` returns, which need not have run yet")
            };
            let help = if from == place {
                "leave it out".to_owned()
            } else if graph.is_before(place, from) {
                format!(
                    "`{other}` comes after it: take it in a step after `{other}`, or declare them in another order"
                )
            } else {
                let names = planned.after.iter().map(|before| format!("{}, ", graph.name(*before)));
                format!("write `after({}{other})` in its mark", names.collect::<String>())
            };
            cx.help(output.name, message, help);
        }
    }
}
