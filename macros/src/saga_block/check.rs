//! The rules over a whole `#[saga]` block.

mod cfg;
mod order;
mod step;
mod undo;
mod wait;

use std::collections::BTreeMap;

use syn::Type;

use super::ast::{Block, UndoParameter};
use super::parameters::Parameter;
use super::resolve::{Plan, name};
use crate::ctxt::Ctxt;
use crate::signature::{argument, last_name};
use crate::text::text;
use crate::{generics, names};

pub(super) fn check(cx: &Ctxt, block: &Block<'_>, plan: &Plan<'_, '_>) {
    check_header(cx, block);
    check_names(cx, block);
    for (step, planned) in block.steps.iter().zip(&plan.steps) {
        step::check(cx, step, planned);
    }
    undo::check(cx, block);
    order::check(cx, block, plan);
    cfg::check(cx, block, plan);
    check_starts(cx, block);
    wait::check(cx, block, plan);
    check_services(cx, block);
    for second in block.failures.iter().skip(1) {
        let help = "merge the two";
        cx.help(&second.function.sig.ident, "only one `#[failed]` function is allowed", help);
    }
}

fn check_header(cx: &Ctxt, block: &Block<'_>) {
    let header = &block.original.header;
    let what = "a `#[saga]` block";
    if let Some((path, _)) = &header.trait_ {
        let help = format!(
            "write `#[saga(…)] impl {}`: each function becomes an impl of its own",
            text(&header.self_ty)
        );
        cx.help(path, format_args!("{what} is an inherent `impl`, not the impl of a trait"), help);
    }
    generics::refuse(
        cx,
        &header.generics,
        what,
        "a saga has one name and one table of steps: name its types",
    );
    if let Some(keyword) = &header.unsafety {
        cx.help(keyword, format_args!("{what} cannot be unsafe"), "leave `unsafe` out");
    }
    if block.steps.is_empty() && block.original.is_plain() {
        let help =
            "mark the functions that do something with `#[step]`, `#[send]` or `#[wait]`, in their order";
        cx.help(&header.self_ty, format_args!("the saga `{}` has no step", text(&header.self_ty)), help);
    }
}

/// Whoever names services in a context forgot to say so of the block. That both are the same, the compiler finds.
fn check_services(cx: &Ctxt, block: &Block<'_>) {
    let of_steps =
        block.steps.iter().flat_map(|step| &step.parameters).filter_map(|parameter| match parameter {
            Parameter::Context(ty) => Some(*ty),
            Parameter::Output(_) => None,
        });
    let of_undos =
        block.undos.iter().flat_map(|undo| &undo.parameters).filter_map(|parameter| match parameter {
            UndoParameter::Context(ty) => Some(*ty),
            UndoParameter::Output(_) => None,
        });
    let services = of_steps.chain(of_undos).find_map(|context| {
        let elem = match context {
            Type::Reference(reference) => &*reference.elem,
            other => other,
        };
        argument(elem, 0).filter(|services| text(services) != "()" && text(services) != "_")
    });
    let said = block.services.as_ref();
    if let Some(Type::Reference(_) | Type::TraitObject(_)) = said {
        let inner = match said {
            Some(Type::Reference(reference)) => text(&reference.elem),
            _ => text(said),
        };
        let help = match said {
            Some(Type::TraitObject(_)) => format!(
                "write a struct with a field `Arc<{inner} + Send + Sync>`, and `services = ` that struct"
            ),
            _ => format!("write `services = {inner}`: steps borrow it by `cx.services()`"),
        };
        cx.help(said, "the services of a saga are an owned type of known size", help);
        return;
    }
    let wrapped = said.filter(|said| last_name(said).is_some_and(|name| name == "Arc" || name == "Box"));
    if let (Some(said), Some(services)) = (wrapped, services)
        && argument(said, 0).is_some_and(|inner| text(inner) == text(services))
    {
        let (said_text, named) = (text(said), text(services));
        let message = format!("the services are `{said_text}`, and the context of the steps has `{named}`");
        let help = format!("write `services = {named}`: the saga shares it between its steps already");
        cx.help(said, message, help);
        return;
    }
    if let (Some(services), false) = (services, block.says_services) {
        let named = text(services);
        let message = format!("the context has `{named}`, and the block says nothing of its services");
        cx.help(services, message, format_args!("write `#[saga(services = {named})]`"));
    }
}

/// Steps are found again by their names, in other releases as well.
fn check_names(cx: &Ctxt, block: &Block<'_>) {
    let mut functions = BTreeMap::new();
    let mut persisted = BTreeMap::new();
    for step in &block.steps {
        let ident = step.ident();
        names::check_step(cx, step.args.name.as_ref(), ident);
        let own = name(ident);
        let written = step.args.name.as_ref().map_or_else(|| own.clone(), syn::LitStr::value);
        if functions.insert(own.clone(), ()).is_some() {
            // Both would be in reach of `after` and of parameters.
            let help = "write one function, and `#[cfg(…)]` inside of it where builds differ";
            cx.help(ident, format_args!("two steps are the function `{own}`"), help);
        } else if let Some(first) = persisted.insert(written.clone(), own.clone()) {
            let message = format!("`{first}` and `{own}` are both stored as the step `{written}`");
            let help = "the name is how a stored step is found again: give each step its own, `name = \"…\"`";
            match &step.args.name {
                Some(literal) => cx.help(literal, message, help),
                None => cx.help(ident, message, help),
            }
        }
    }
}

fn check_starts(cx: &Ctxt, block: &Block<'_>) {
    // Functions under `cfg` may stand in for each other, and are left to the compiler, which knows which are there.
    let mut started = BTreeMap::new();
    for start in block.starts.iter().filter(|start| start.function.cfgs().next().is_none()) {
        let Some(event) = start.event else { continue };
        let own = &start.function.sig.ident;
        if let Some(first) = started.insert(text(event.ty), own) {
            let message = format!(
                "the event `{}` starts an instance twice, by `{first}` and by `{own}`",
                text(event.ty)
            );
            cx.help(event.ty, message, "make one function of the two");
        }
    }
}
