//! The signature of an `#[apply]` function.

use syn::Type;

use super::ast::Apply;
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::{Receives, is_open, last_name, parameters, receives, refuse_special, returned};
use crate::text::text;

/// Reads `fn name(&mut self, event: &Event)`; None when the event is not known.
pub(super) fn parse<'a>(cx: &Ctxt, function: &'a Function) -> Option<Apply<'a>> {
    let local = Ctxt::new();
    let sig = &function.sig;
    let event = match without_self(&local, function) {
        Some(event) => Some(event),
        None => event(&local, function),
    };
    let name = event.map_or_else(|| "OrderPlaced".to_owned(), text);
    let help = format!("write `fn {}(&mut self, event: &{name})`", sig.ident);
    refuse_special(&local, sig, "an `#[apply]` function", &help);
    if let Some(keyword) = &sig.asyncness {
        local.help(keyword, "an `#[apply]` function cannot wait: the event has already happened", &help);
    }
    match sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Mutable => {}
        Some(receiver) => local.help(receiver, "an `#[apply]` function changes the state in place", &help),
        None if state(function).is_some() => {}
        None => local.help(
            &sig.ident,
            "an `#[apply]` function changes the state, but this one has no `self`",
            &help,
        ),
    }
    check_answer(&local, function, &help);
    let sound = match local.check() {
        Ok(()) => !function.broken,
        Err(error) => {
            cx.syn(error);
            false
        }
    };
    event.map(|event| Apply { function, event, sound })
}

/// The type of a first parameter that is meant to be `self`.
fn state(function: &Function) -> Option<&Type> {
    let mut parameters = parameters(&function.sig);
    let (first, _) = (parameters.next()?, parameters.next()?);
    let written = matches!(&*first.ty, Type::Reference(reference) if reference.mutability.is_some());
    (function.sig.receiver().is_none() && written).then_some(&*first.ty)
}

/// The event of a function that takes the state as a parameter.
fn without_self<'a>(cx: &Ctxt, function: &'a Function) -> Option<&'a Type> {
    let state = state(function)?;
    let second = parameters(&function.sig).nth(1)?;
    let Type::Reference(event) = &*second.ty else { return None };
    let help = format!("write `fn {}(&mut self, event: &{})`", function.sig.ident, text(&event.elem));
    cx.help(state, "an `#[apply]` function changes the state in place, as `&mut self`", help);
    (!is_open(&event.elem)).then_some(&*event.elem)
}

fn check_answer(cx: &Ctxt, function: &Function, help: &str) {
    let Some(ty) = returned(&function.sig) else { return };
    if last_name(ty).is_some_and(|name| name == "Result" || name == "Option") {
        let help = "check in the `#[command]` function, before there is an event";
        cx.help(ty, "an `#[apply]` function cannot fail: the event has already happened", help);
    } else {
        cx.help(ty, "an `#[apply]` function returns nothing", help);
    }
}

fn event<'a>(cx: &Ctxt, function: &'a Function) -> Option<&'a Type> {
    let ident = &function.sig.ident;
    let mut parameters = parameters(&function.sig);
    let Some(first) = parameters.next() else {
        let help = format!("write `fn {ident}(&mut self, event: &OrderPlaced)`");
        cx.help(ident, format_args!("the `#[apply]` function `{ident}` takes no event"), help);
        return None;
    };
    for more in parameters {
        let help = "write a function for each event; what else is needed has to be in the event";
        cx.help(more, "an `#[apply]` function takes one event and nothing else", help);
    }
    let (event, problem) = match &*first.ty {
        Type::Reference(reference) if reference.mutability.is_none() => (&*reference.elem, None),
        Type::Reference(reference) => (&*reference.elem, Some("an event has happened: it cannot be changed")),
        event => (event, Some("an `#[apply]` function borrows the event")),
    };
    if is_open(event) {
        cx.help(&first.ty, "an `#[apply]` function is for one event", "name the event's type");
        return None;
    }
    if let Some(problem) = problem {
        cx.help(&first.ty, problem, format_args!("write `&{}`", text(event)));
    } else if last_name(event).is_some_and(|name| name == "Recorded") {
        let help = "take the event alone; what the state needs has to be in the event, so that it is there in every replay";
        cx.help(event, "an `#[apply]` function does not see what is recorded beside the event", help);
    }
    Some(event)
}

/// The events that are taken beside the first, by mistake.
pub(super) fn more_events(function: &Function) -> impl Iterator<Item = &Type> {
    parameters(&function.sig).skip(1).filter_map(|parameter| match &*parameter.ty {
        Type::Reference(reference) if !is_open(&reference.elem) => Some(&*reference.elem),
        _ => None,
    })
}
