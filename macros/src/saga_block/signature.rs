//! The signatures of the functions of a `#[saga]` block.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Ident, Type};

use super::args::Args;
use super::ast::{Failure, Kind, Start, Step, Undo, UndoParameter};
use super::parameters::{self, Parameter, Steps};
use crate::ctxt::Ctxt;
use crate::declared;
use crate::event_parameter;
use crate::impl_block::Function;
use crate::signature::{
    Receives, argument, arguments, is_open, last_name, parameters, receives, refuse_special, returned,
};
use crate::text::{same, text};

/// Reads `async fn name(&self, cx: &StepContext<Services>, other: &Output) -> Result<Output, StepError>`.
pub(super) fn step<'a>(cx: &Ctxt, function: &'a Function, args: Args, steps: &Steps) -> Step<'a> {
    let (what, sig) = ("a `#[step]` function", &function.sig);
    let help =
        format!("write `async fn {}(&self, cx: &StepContext<Services>) -> Result<…, StepError>`", sig.ident);
    refuse_special(cx, sig, what, &help);
    shares_self(cx, function, what, &help);
    let parameters = parameters::parse(cx, parameters(sig), steps);
    let answer = returned(sig);
    match answer {
        None => {
            let help = "return `Result<…, StepError>`, with `()` for a step that has nothing to return";
            cx.help(&sig.ident, format_args!("the step `{}` must return a `Result`", sig.ident), help);
        }
        Some(answer) => check_result(cx, answer, what, "return `Result<…, StepError>`"),
    }
    Step { function, kind: Kind::Step, args, parameters, event: None, answer }
}

/// Reads `fn name(&self, other: &Output) -> Command`.
pub(super) fn send<'a>(cx: &Ctxt, function: &'a Function, args: Args, steps: &Steps) -> Step<'a> {
    let (what, sig) = ("a `#[send]` function", &function.sig);
    let help = format!("write `fn {}(&self) -> ShipOrder`: the saga sends what it returns", sig.ident);
    refuse_special(cx, sig, what, &help);
    shares_self(cx, function, what, &help);
    refuse_async(cx, function, what, "what it needs is returned by a step before it");
    let parameters = parameters::parse(cx, parameters(sig), steps);
    for parameter in &parameters {
        if let Parameter::Context(ty) = parameter {
            let help = "leave it out: what it needs is in the saga or returned by a step before it";
            cx.help(ty, format_args!("{what} is pure, it has no context"), help);
        }
    }
    let answer = command(cx, function, what);
    Step { function, kind: Kind::Send, args, parameters, event: None, answer }
}

/// Reads `fn name(event: &Recorded<Event>) -> Correlated<Id, Output>`.
pub(super) fn wait<'a>(cx: &Ctxt, function: &'a Function, args: Args) -> Step<'a> {
    let (what, sig) = ("a `#[wait]` function", &function.sig);
    let ident = &sig.ident;
    let help = format!("write `fn {ident}(event: &Recorded<PaymentSettled>) -> Correlated<OrderId, …>`");
    refuse_special(cx, sig, what, &help);
    without_self(cx, function, what, &help);
    refuse_async(cx, function, what, "it says of an event which instance it is for, and nothing else");
    let event = event(cx, function, what, &help);
    let answer = returned(sig);
    let help =
        "return `Correlated<…>` of the saga's id and of what the event brings: `Correlated::to(id, output)`";
    match answer {
        None => cx.help(
            ident,
            format_args!("the wait `{ident}` does not say which instance an event is for"),
            help,
        ),
        Some(answer) if is_open(answer) => {
            cx.help(answer, format_args!("{what} names what it returns"), help);
        }
        Some(answer) => {
            if let Some(name) = last_name(answer)
                .filter(|name| ["Option", "Result", "Self"].iter().any(|other| *name == other))
            {
                cx.help(answer, format_args!("{what} does not return `{name}`"), help);
            } else if !matches!(answer, Type::Path(_)) || declared::is_struct_or_enum(answer) {
                cx.help(answer, format_args!("{what} says which instance an event is for"), help);
            }
        }
    }
    Step { function, kind: Kind::Wait, args, parameters: Vec::new(), event, answer }
}

/// Reads `fn name(event: &Recorded<Event>) -> Option<Self>`.
pub(super) fn start<'a>(cx: &Ctxt, function: &'a Function, self_ty: &Type) -> Start<'a> {
    let (what, sig) = ("a `#[start]` function", &function.sig);
    let ident = &sig.ident;
    let help = format!("write `fn {ident}(event: &Recorded<OrderPlaced>) -> Option<Self>`");
    refuse_special(cx, sig, what, &help);
    without_self(cx, function, what, "leave it out: the function makes the instance from the event");
    refuse_async(cx, function, what, "it makes the instance from the event alone; a step can ask for more");
    let event = event(cx, function, what, &help);
    let answer = returned(sig);
    let help = "return `Self`, or `Option<Self>` where not every event starts an instance";
    match answer {
        None => cx.help(ident, format_args!("the `#[start]` function `{ident}` starts nothing"), help),
        Some(answer) if last_name(answer).is_some_and(|name| name == "Result") => {
            cx.help(answer, "a `#[start]` function cannot fail: the event has already happened", help);
        }
        Some(answer) => {
            let one = argument(answer, 0).filter(|_| last_name(answer).is_some_and(|name| name == "Option"));
            let started = one.unwrap_or(answer);
            if text(started) != "Self" && !alike(started, self_ty) {
                cx.help(
                    answer,
                    format_args!("a `#[start]` function makes an instance of `{}`", text(self_ty)),
                    help,
                );
            }
        }
    }
    Start { function, event, answer }
}

/// Reads `async fn name(&self, cx: &StepContext<Services>, output: Option<&Output>) -> Result<(), StepError>`, or `fn name(&self) -> Command`.
pub(super) fn undo<'a>(cx: &Ctxt, function: &'a Function, steps: &Steps) -> Undo<'a> {
    let (what, sig) = ("an `#[undo]` function", &function.sig);
    let form = format!(
        "write `async fn {}(&self, cx: &StepContext<Services>, output: Option<&…>) -> Result<(), StepError>`",
        sig.ident
    );
    refuse_special(cx, sig, what, &form);
    shares_self(cx, function, what, &form);
    let (mut taken, mut read) = (false, Vec::new());
    for parameter in parameters(sig) {
        let ty = &*parameter.ty;
        if let Some(context) = parameters::context(cx, parameter, steps, &mut taken) {
            read.push(UndoParameter::Context(context));
        } else if read.iter().any(|known| matches!(known, UndoParameter::Output(_))) {
            let help = "leave it out: an undo gets what its own step has returned, and nothing else";
            cx.help(parameter, "an `#[undo]` function takes one output", help);
        } else {
            check_output(cx, ty);
            read.push(UndoParameter::Output(ty));
        }
    }
    let answer = returned(sig);
    let named = |answer: &Type| last_name(answer).is_some_and(|name| name == "Result");
    let result = answer.is_some_and(|answer| named(answer) || declared::is_alias_of_result(answer));
    let sends = sig.asyncness.is_none() && !result && read.is_empty() && answer.is_some();
    match answer {
        None => {
            let help = "return `Result<(), StepError>`";
            cx.help(&sig.ident, format_args!("the undo `{}` must return a `Result`", sig.ident), help);
        }
        Some(answer) if sends => open(cx, answer, what),
        Some(answer) => {
            check_result(cx, answer, what, "return `Result<(), StepError>`");
            let output = argument(answer, 0).filter(|_| result && arguments(answer) == 2);
            if let Some(output) = output.filter(|output| text(output) != "()") {
                let help = "return `Result<(), StepError>`: the value would be ignored";
                cx.help(output, "an `#[undo]` function must return `Result<(), _>`", help);
            }
        }
    }
    Undo { function, parameters: read, answer, sends }
}

/// Reads `fn name(&self, failure: &SagaFailure) -> Command`.
pub(super) fn failed<'a>(cx: &Ctxt, function: &'a Function) -> Failure<'a> {
    let (what, sig) = ("a `#[failed]` function", &function.sig);
    let help = format!("write `fn {}(&self, failure: &SagaFailure) -> CancelOrder`", sig.ident);
    refuse_special(cx, sig, what, &help);
    shares_self(cx, function, what, &help);
    refuse_async(cx, function, what, "the saga sends what it returns");
    let mut parameters = parameters(sig);
    let failure = parameters.next().map(|parameter| &*parameter.ty);
    if let Some(ty) = failure
        && !matches!(ty, Type::Reference(reference) if reference.mutability.is_none() && !is_open(&reference.elem))
    {
        cx.help(ty, format_args!("{what} borrows the failure"), "write `&SagaFailure`");
    }
    for more in parameters {
        let help = "leave it out: which steps were done is not known when a saga has failed";
        cx.help(more, format_args!("{what} takes the failure and nothing else"), help);
    }
    let answer = command(cx, function, what);
    Failure { function, failure, answer }
}

/// Whether the two types may be the same: by way of which path, the compiler knows.
fn alike(one: &Type, other: &Type) -> bool {
    same(one, other) || last_name(one).is_some_and(|name| last_name(other) == Some(name))
}

fn check_output(cx: &Ctxt, ty: &Type) {
    let option = last_name(ty).is_some_and(|name| name == "Option");
    let inner = argument(ty, 0).filter(|_| option);
    let problem = "an undo takes `Option` of what its step has returned: with `None` it is not known whether the step was done";
    match inner {
        Some(Type::Reference(reference)) if reference.mutability.is_none() => {}
        Some(inner) => {
            let elem = match inner {
                Type::Reference(reference) => &reference.elem,
                other => other,
            };
            let help = format!("write `Option<&{}>`", text(elem));
            cx.help(ty, "an undo borrows what its step has returned", help);
        }
        None => {
            let elem = match ty {
                Type::Reference(reference) => argument(&reference.elem, 0)
                    .filter(|_| last_name(&reference.elem).is_some_and(|name| name == "Option"))
                    .unwrap_or(&reference.elem),
                other => other,
            };
            cx.help(ty, problem, format_args!("write `Option<&{}>`", text(elem)));
        }
    }
}

/// A `Result`, as far as can be seen: an alias is left to the compiler.
fn check_result(cx: &Ctxt, answer: &Type, what: &str, help: &str) {
    open(cx, answer, what);
    let plain = |name: &Ident| {
        let name = name.to_string();
        name.starts_with(|first: char| first.is_ascii_lowercase())
            || ["Option", "Self", "String", "Vec"].contains(&name.as_str())
    };
    let other = last_name(answer).is_some_and(plain) || declared::is_struct_or_enum(answer);
    if other || !matches!(answer, Type::Path(_)) && !is_open(answer) {
        cx.help(answer, format_args!("{what} must return a `Result`"), help);
    }
}

fn open(cx: &Ctxt, answer: &Type, what: &str) {
    if is_open(answer) {
        cx.help(answer, format_args!("{what} names the type that it returns"), "write the type itself");
    }
}

/// The command that a function returns.
fn command<'a>(cx: &Ctxt, function: &'a Function, what: &str) -> Option<&'a Type> {
    let (ident, answer) = (&function.sig.ident, returned(&function.sig));
    let help = "return a command, or an `Option` of one";
    match answer {
        None => cx.help(
            ident,
            format_args!("{what} returns the command that is sent, `{ident}` returns none"),
            help,
        ),
        Some(answer) if last_name(answer).is_some_and(|name| name == "Result") => {
            let problem =
                format!("{what} cannot fail: whether the command is accepted, its aggregate decides");
            cx.help(answer, problem, help);
        }
        Some(answer)
            if matches!(answer, Type::Tuple(_)) || last_name(answer).is_some_and(|name| name == "Vec") =>
        {
            let help = "write a `#[send]` function for each of them, so that each is sent once";
            cx.help(answer, format_args!("{what} returns one command"), help);
        }
        Some(answer) => open(cx, answer, what),
    }
    answer
}

/// The event of a function without `self`, and nothing beside it.
fn event<'a>(
    cx: &Ctxt,
    function: &'a Function,
    what: &str,
    help: &str,
) -> Option<event_parameter::Event<'a>> {
    let mut parameters = parameters(&function.sig);
    let event = event_parameter::parse(cx, function, parameters.next(), what, help);
    for more in parameters {
        cx.help(more, format_args!("{what} takes the event and nothing else"), help);
    }
    event
}

fn refuse_async(cx: &Ctxt, function: &Function, what: &str, why: &str) {
    if let Some(keyword) = &function.sig.asyncness {
        cx.help(keyword, format_args!("{what} cannot wait"), format_args!("leave `async` out: {why}"));
    }
}

fn shares_self(cx: &Ctxt, function: &Function, what: &str, help: &str) {
    match function.sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Shared => {}
        Some(receiver) => {
            let help = "write `&self`, and return what changes: a later step can take it";
            let message = match receives(receiver) {
                Receives::Mutable => "the data of a saga does not change while it runs".to_owned(),
                _ => format!("{what} borrows the saga"),
            };
            cx.help(receiver, message, help);
        }
        None => cx.help(&function.sig.ident, format_args!("{what} takes `&self`"), help),
    }
}

fn without_self(cx: &Ctxt, function: &Function, what: &str, help: &str) {
    if let Some(receiver) = function.sig.receiver() {
        let tokens: TokenStream = receiver.to_token_stream();
        cx.help(tokens, format_args!("{what} is pure, it has no `self`"), help);
    }
}
