//! The parameters of steps and of functions that send: the context, and what other steps have returned.

use std::collections::BTreeSet;

use syn::{Ident, Pat, PatType, Type};

use crate::ctxt::Ctxt;
use crate::signature::{argument, last_name};
use crate::text::text;

/// A parameter after `&self`.
pub(super) enum Parameter<'a> {
    /// `&StepContext<…>`.
    Context(&'a Type),
    Output(Output<'a>),
}

/// What the step with the name of the parameter has returned.
pub(super) struct Output<'a> {
    pub(super) name: &'a Ident,
    /// The type of the parameter: a reference.
    pub(super) ty: &'a Type,
}

/// Whether it is `StepContext<…>`.
pub(super) fn is_context(ty: &Type) -> bool {
    last_name(ty).is_some_and(|name| name == "StepContext")
}

/// Reads a parameter that is the context, if it is; says how the context is taken.
pub(super) fn context<'a>(
    cx: &Ctxt,
    parameter: &'a PatType,
    steps: &Steps,
    taken: &mut bool,
) -> Option<&'a Type> {
    let ty = &*parameter.ty;
    let (elem, shared) = match ty {
        Type::Reference(reference) => (&*reference.elem, reference.mutability.is_none()),
        other => (other, false),
    };
    // An alias is known by the name of the parameter.
    let named =
        matches!(&*parameter.pat, Pat::Ident(pat) if is_named(&pat.ident)) && matches!(elem, Type::Path(_));
    if !is_context(elem) && named && !steps.contains(&written(parameter)) {
        return Some(ty).filter(|_| !std::mem::replace(taken, true));
    }
    if !is_context(elem) {
        return None;
    }
    if !shared {
        cx.help(ty, "the context of a step is borrowed", format_args!("write `&{}`", text(elem)));
    } else if std::mem::replace(taken, true) {
        cx.help(parameter, "this function takes the context twice", "remove one of the two");
    }
    Some(ty)
}

/// What a context is called.
fn is_named(ident: &Ident) -> bool {
    ["cx", "ctx", "context", "_cx", "_ctx", "_context"].iter().any(|name| ident == name)
}

fn written(parameter: &PatType) -> String {
    match &*parameter.pat {
        Pat::Ident(pat) => pat.ident.to_string(),
        _ => String::new(),
    }
}

/// The names of the functions of the block: a parameter that has one is what that step has returned.
pub(super) type Steps = BTreeSet<String>;

/// Reads the parameters of a step.
pub(super) fn parse<'a>(
    cx: &Ctxt,
    parameters: impl Iterator<Item = &'a PatType>,
    steps: &Steps,
) -> Vec<Parameter<'a>> {
    let mut taken = false;
    let mut parsed = Vec::new();
    for parameter in parameters {
        match context(cx, parameter, steps, &mut taken) {
            Some(ty) => parsed.push(Parameter::Context(ty)),
            None => parsed.extend(output(cx, parameter).map(Parameter::Output)),
        }
    }
    parsed
}

fn output<'a>(cx: &Ctxt, parameter: &'a PatType) -> Option<Output<'a>> {
    let ty = &*parameter.ty;
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            let help = format!("write `&{}`", text(&reference.elem));
            cx.help(ty, "what a step has returned is not changed by others", help);
        }
        Type::Reference(_) => {}
        Type::Path(_) if last_name(ty).is_some_and(|name| name == "Option") => {
            let elem = match argument(ty, 0) {
                Some(Type::Reference(reference)) => text(&reference.elem),
                elem => elem.map(text).unwrap_or_default(),
            };
            let help = format!("write `&{elem}`");
            cx.help(
                ty,
                "a step runs when those before it are done, so that what they have returned is there",
                help,
            );
        }
        other => {
            let help = format!("write `&{}`", text(other));
            cx.help(ty, "what another step has returned is borrowed", help);
        }
    }
    match &*parameter.pat {
        Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() => {
            Some(Output { name: &pat.ident, ty })
        }
        pattern => {
            let help = format!("write `charge: {}`, with the name of the step that returns it", text(ty));
            cx.help(pattern, "a parameter has the name of the step whose output it is", help);
            None
        }
    }
}
