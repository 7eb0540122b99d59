//! What the names in a `#[saga]` block stand for: steps, undos and functions.

use std::collections::BTreeSet;

use syn::Ident;
use syn::ext::IdentExt;

use super::ast::{Block, Kind, Step, Undo};
use super::graph::{Graph, Node};
use super::parameters::Output;
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::{argument, last_name};
use crate::suggest::nearest;
use crate::symbol::{IRREVERSIBLE, PIVOT, READ_ONLY, UNDO};
use crate::text::same;

/// A block with its names resolved.
pub(super) struct Plan<'b, 'a> {
    pub(super) steps: Vec<Planned<'b, 'a>>,
    /// None when a name in an `after(…)` is unknown, and with it the order.
    pub(super) graph: Option<Graph>,
}

/// What the names of a step stand for.
pub(super) struct Planned<'b, 'a> {
    /// The places of the steps before it.
    pub(super) after: Vec<usize>,
    /// The places of the steps whose outputs it takes, in the order of its parameters; None for a name that is no step's.
    pub(super) outputs: Vec<Option<usize>>,
    pub(super) undo: Option<&'b Undo<'a>>,
    /// The function that says what a wait goes on with.
    pub(super) on_timeout: Option<&'a Function>,
}

pub(super) fn resolve<'b, 'a>(cx: &Ctxt, block: &'b Block<'a>) -> Plan<'b, 'a> {
    let mut ordered = true;
    let mut steps = Vec::new();
    for (place, step) in block.steps.iter().enumerate() {
        let after = match &step.args.after {
            None => place.checked_sub(1).into_iter().collect(),
            Some(names) => {
                let places: Vec<usize> = names.iter().filter_map(|name| after(cx, block, name)).collect();
                ordered &= places.len() == names.len();
                report_twice(cx, names);
                places
            }
        };
        steps.push(Planned {
            after,
            outputs: step.outputs().map(|output| self::output(cx, block, output)).collect(),
            undo: step.args.undo.as_ref().and_then(|name| undo(cx, block, name)),
            on_timeout: on_timeout(cx, block, step),
        });
    }
    let nodes = block.steps.iter().zip(&steps).map(|(step, planned)| node(step, &planned.after));
    let graph = ordered.then(|| Graph::new(nodes.collect()));
    Plan { steps, graph }
}

fn node(step: &Step<'_>, after: &[usize]) -> Node {
    let args = &step.args;
    let said = [UNDO, IRREVERSIBLE, READ_ONLY, PIVOT].iter().any(|key| args.has(key));
    Node {
        name: name(step.ident()),
        after: after.to_vec(),
        pivot: args.pivot.is_some(),
        undo: args.undo.is_some(),
        limited: args.retry.limit().is_some(),
        fails_on_timeout: args.timeout.is_some()
            && step.kind == Kind::Wait
            && args.on_timeout.as_ref().is_none_or(|on_timeout| on_timeout.function.is_none()),
        no_way_back: step.kind != Kind::Wait && !said,
    }
}

pub(super) fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The place of the step that is the function of that name.
pub(super) fn place(block: &Block<'_>, wanted: &Ident) -> Option<usize> {
    block.steps.iter().position(|step| name(step.ident()) == name(wanted))
}

fn after(cx: &Ctxt, block: &Block<'_>, wanted: &Ident) -> Option<usize> {
    let place = place(block, wanted);
    if place.is_none() {
        let help = near_step(block, wanted).unwrap_or_else(|| step_names(block));
        cx.help(wanted, format_args!("`{}` is no step", name(wanted)), help);
    }
    place
}

fn report_twice(cx: &Ctxt, names: &[Ident]) {
    let mut seen = BTreeSet::new();
    for twice in names.iter().filter(|ident| !seen.insert(name(ident))) {
        cx.help(twice, format_args!("`{}` is named twice", name(twice)), "remove one of the two");
    }
}

/// The step that was probably meant.
fn near_step(block: &Block<'_>, wanted: &Ident) -> Option<String> {
    let typed = name(wanted);
    let persisted =
        |step: &&Step<'_>| step.args.name.as_ref().is_some_and(|written| written.value() == typed);
    if let Some(step) = block.steps.iter().find(persisted) {
        return Some(format!("write the name of its function, `{}`", name(step.ident())));
    }
    let names: Vec<String> = block.steps.iter().map(|step| name(step.ident())).collect();
    nearest(&typed, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

fn step_names(block: &Block<'_>) -> String {
    let names: Vec<String> = block.steps.iter().map(|step| format!("`{}`", name(step.ident()))).collect();
    format!("the steps are {}", names.join(", "))
}

fn output(cx: &Ctxt, block: &Block<'_>, output: &Output<'_>) -> Option<usize> {
    let place = place(block, output.name);
    if place.is_none() {
        let syn::Type::Reference(reference) = output.ty else { return None };
        let returns = |step: &&Step<'_>| {
            step.answer
                .and_then(|answer| argument(answer, usize::from(step.kind == Kind::Wait)))
                .is_some_and(|returned| same(returned, &reference.elem))
        };
        // Numbers and texts mean anything.
        let telling = last_name(&reference.elem)
            .is_some_and(|name| name != "String" && name.to_string().starts_with(char::is_uppercase));
        let returning = block.steps.iter().find(returns).filter(|_| telling).map(|step| name(step.ident()));
        let help = near_step(block, output.name)
            .or_else(|| returning.map(|step| format!("did you mean `{step}`, which returns it?")));
        let help = help.unwrap_or_else(|| {
            format!("{}; what is in the saga itself is reached through `self`", step_names(block))
        });
        let message = format!("the parameter `{}` names no step", name(output.name));
        cx.help(output.name, message, help);
    }
    place
}

fn undo<'b, 'a>(cx: &Ctxt, block: &'b Block<'a>, wanted: &Ident) -> Option<&'b Undo<'a>> {
    let typed = name(wanted);
    let undo = block.undos.iter().find(|undo| name(&undo.function.sig.ident) == typed);
    if undo.is_some() {
        return undo;
    }
    if block.original.functions().any(|function| name(&function.sig.ident) == typed) {
        let help = format!("write `#[undo]` on `{typed}`");
        cx.help(wanted, format_args!("`{typed}` is not marked as an undo"), help);
        return None;
    }
    let names: Vec<String> = block.original.functions().map(|function| name(&function.sig.ident)).collect();
    let undos = block.undos.iter().map(|undo| name(&undo.function.sig.ident)).collect::<Vec<_>>();
    let near = nearest(&typed, undos.iter().map(String::as_str))
        .or_else(|| nearest(&typed, names.iter().map(String::as_str)));
    let help = near.map_or_else(
        || format!("add `#[undo] async fn {typed}(&self, cx: &StepContext<…>, output: Option<&…>) -> Result<(), StepError>`"),
        |near| format!("did you mean `{near}`?"),
    );
    cx.help(wanted, format_args!("this block has no function `{typed}`"), help);
    None
}

fn on_timeout<'a>(cx: &Ctxt, block: &Block<'a>, step: &Step<'a>) -> Option<&'a Function> {
    let wanted = step.args.on_timeout.as_ref()?.function.as_ref()?;
    let typed = name(wanted);
    let unmarked: Vec<&Function> = block
        .original
        .functions()
        .filter(|function| !function.attrs.iter().any(|attr| block.mark(attr).is_some()))
        .collect();
    let found = unmarked.iter().find(|function| name(&function.sig.ident) == typed);
    if found.is_some() {
        return found.copied();
    }
    let names: Vec<String> = unmarked.iter().map(|function| name(&function.sig.ident)).collect();
    let near = nearest(&typed, names.iter().map(String::as_str).chain(["fail"]));
    let form = format!("`fn {typed}(&self) -> …` without a mark, with what the wait goes on with");
    if block.original.functions().any(|function| name(&function.sig.ident) == typed) {
        cx.help(
            wanted,
            format_args!("`{typed}` has a part of its own"),
            format_args!("name another function: {form}"),
        );
    } else {
        let help = near.map_or_else(
            || format!("write `on_timeout = fail`, or add {form}"),
            |near| format!("did you mean `{near}`?"),
        );
        cx.help(wanted, format_args!("this block has no function `{typed}`"), help);
    }
    None
}
