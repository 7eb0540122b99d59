//! The signature of a `#[command]` function.

use syn::{PatType, ReturnType, Type};

use super::ast::Command;
use crate::ctxt::Ctxt;
use crate::impl_block::Function;
use crate::signature::{Receives, is_open, last_name, parameters, receives, refuse_special};
use crate::text::text;

/// Reads `fn name(&self, command: Command, context: &CommandContext) -> Answer`; None when the command is not known.
pub(super) fn parse<'a>(cx: &Ctxt, function: &'a Function) -> Option<Command<'a>> {
    let local = Ctxt::new();
    let sig = &function.sig;
    let mut parameters = parameters(sig);
    let command = command(&local, function, parameters.next());
    let context = parameters.next().and_then(|parameter| context(&local, parameter));
    for more in parameters {
        let help = "put what the decision needs into the command";
        local.help(
            more,
            "a `#[command]` function takes the command and `&CommandContext`, nothing else",
            help,
        );
    }
    let name = command.map_or_else(|| "PlaceOrder".to_owned(), |(ty, _)| text(ty));
    let help = format!("write `fn {}(&self, command: {name}) -> Result<…, …>`", sig.ident);
    refuse_special(&local, sig, "a `#[command]` function", &help);
    if let Some(keyword) = &sig.asyncness {
        let help = "leave `async` out: find out what it needs before, and put it into the command";
        local.help(
            keyword,
            "a `#[command]` function cannot wait: it decides from state and command alone",
            help,
        );
    }
    check_receiver(&local, function, &help);
    let answer = answer(&local, function);
    let sound = match local.check() {
        Ok(()) => !function.broken,
        Err(error) => {
            cx.syn(error);
            false
        }
    };
    command.map(|(command, by_value)| Command { function, command, by_value, context, answer, sound })
}

fn check_receiver(cx: &Ctxt, function: &Function, help: &str) {
    match function.sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Shared => {}
        Some(receiver) if receives(receiver) == Receives::Mutable => {
            let help = "write `&self` and return an event; an `#[apply]` function makes the change";
            cx.help(receiver, "a `#[command]` function cannot change the state: only events do", help);
        }
        Some(receiver) => {
            cx.help(receiver, "a `#[command]` function looks at the state, it does not take it", help);
        }
        None => cx.help(
            &function.sig.ident,
            "a `#[command]` function decides from the state, but this one has no `self`",
            help,
        ),
    }
}

/// The command's type, and whether it is taken by value.
fn command<'a>(
    cx: &Ctxt,
    function: &'a Function,
    parameter: Option<&'a PatType>,
) -> Option<(&'a Type, bool)> {
    let ident = &function.sig.ident;
    let Some(parameter) = parameter else {
        let help = format!("write `fn {ident}(&self, command: PlaceOrder) -> Result<…, …>`");
        cx.help(ident, format_args!("the `#[command]` function `{ident}` takes no command"), help);
        return None;
    };
    let (ty, by_value) = match &*parameter.ty {
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                cx.help(
                    &parameter.ty,
                    "a command is not changed: it may have to be decided again",
                    format_args!("write `&{}`", text(&reference.elem)),
                );
            }
            (&*reference.elem, false)
        }
        ty => (ty, true),
    };
    if is_open(ty) {
        cx.help(&parameter.ty, "a `#[command]` function is for one command", "name the command's type");
        return None;
    }
    if is_context(ty) {
        let help = format!(
            "write `fn {ident}(&self, command: PlaceOrder, context: &CommandContext) -> Result<…, …>`"
        );
        cx.help(&parameter.ty, "the command comes before the context", help);
        // The one that was meant, so that it has a handler.
        let second = parameters(&function.sig).nth(1).map(|second| &*second.ty);
        return match second {
            Some(Type::Reference(second)) => Some((&*second.elem, false)),
            Some(second) => Some((second, true)),
            None => None,
        };
    }
    Some((ty, by_value))
}

fn context<'a>(cx: &Ctxt, parameter: &'a PatType) -> Option<&'a Type> {
    match &*parameter.ty {
        Type::Reference(reference) if reference.mutability.is_none() => return Some(&parameter.ty),
        Type::Reference(reference) if is_context(&reference.elem) => {
            cx.help(&parameter.ty, "the context is only read", "write `&CommandContext`");
        }
        ty if is_context(ty) => cx.help(ty, "the context is borrowed", "write `&CommandContext`"),
        ty => {
            let help = "write `&CommandContext`, or put what the decision needs into the command";
            cx.help(ty, "after the command a `#[command]` function takes the context", help);
        }
    }
    None
}

fn is_context(ty: &Type) -> bool {
    last_name(ty).is_some_and(|name| name == "CommandContext")
}

fn answer<'a>(cx: &Ctxt, function: &'a Function) -> Option<&'a Type> {
    let help = "return an event, an `Option`, `Vec`, array or tuple of events, or a `Result` of these";
    let ident = &function.sig.ident;
    match &function.sig.output {
        ReturnType::Default => {
            cx.help(ident, format_args!("the `#[command]` function `{ident}` returns no event"), help);
            None
        }
        ReturnType::Type(_, ty) if is_open(ty) => {
            cx.help(ty, "a `#[command]` function names the type that it returns", help);
            None
        }
        ReturnType::Type(_, ty) => Some(ty),
    }
}
