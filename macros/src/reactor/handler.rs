//! The signature of an `#[on]` function of a reactor.

use syn::{PatType, Type};

use super::ast::Handler;
use crate::ctxt::Ctxt;
use crate::event_parameter;
use crate::impl_block::Function;
use crate::signature::{Receives, is_open, last_name, parameters, receives, refuse_special, returned};
use crate::text::text;

/// Reads `async fn name(&self, event: &Recorded<Event>, effects: &mut Effects) -> Result<(), ReactorError>`; None when the event is not known.
pub(super) fn parse<'a>(cx: &Ctxt, function: &'a Function) -> Option<Handler<'a>> {
    let (what, sig) = ("an `#[on]` function", &function.sig);
    let form = |event: &str| {
        format!(
            "write `async fn {}(&self, event: &Recorded<{event}>, effects: &mut Effects) -> Result<(), ReactorError>`",
            sig.ident
        )
    };
    let mut parameters = parameters(sig);
    let first = parameters.next();
    let event = match first {
        Some(parameter) if is_effects(&parameter.ty) => {
            cx.help(&parameter.ty, "the event comes before the effects", form("OrderPlaced"));
            None
        }
        first => event_parameter::parse(cx, function, first, what, &form("OrderPlaced")),
    };
    // Where the event is not known, the two may have changed places.
    let effects = parameters.next().filter(|_| event.is_some()).and_then(|parameter| effects(cx, parameter));
    if event.is_some() {
        for more in parameters {
            let help = "keep what else it needs in the reactor itself, and reach it through `&self`";
            cx.help(
                more,
                "an `#[on]` function of a reactor takes the event and the effects, nothing else",
                help,
            );
        }
    }
    let help = form(&event.map_or_else(|| "OrderPlaced".to_owned(), |event| text(event.ty)));
    refuse_special(cx, sig, what, &help);
    match sig.receiver() {
        Some(receiver) if receives(receiver) == Receives::Shared => {}
        Some(receiver) => {
            let help = "write `&self`: what an event causes goes into `effects`, or, to be remembered, into a read model";
            cx.help(receiver, "the functions of a reactor share it", help);
        }
        None => cx.help(&sig.ident, "an `#[on]` function of a reactor takes `&self`", &help),
    }
    let answer = returned(sig);
    if let Some(answer) = answer {
        check_answer(cx, answer);
    }
    event.map(|event| Handler { function, event, effects, answer })
}

fn is_effects(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_effects(&reference.elem),
        other => last_name(other).is_some_and(|name| name == "Effects"),
    }
}

fn effects<'a>(cx: &Ctxt, parameter: &'a PatType) -> Option<&'a Type> {
    let ty = &*parameter.ty;
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => return Some(ty),
        ty if is_effects(ty) => {
            cx.help(ty, "a reactor puts what an event causes into `effects`", "write `&mut Effects`");
        }
        ty => {
            let help = "write `effects: &mut Effects`; keep what else it needs in the reactor itself";
            cx.help(ty, "after the event an `#[on]` function of a reactor takes the effects", help);
        }
    }
    None
}

fn check_answer(cx: &Ctxt, answer: &Type) {
    let help = "put what it causes into `effects`, and return `Result<(), ReactorError>` or nothing";
    if is_open(answer) {
        cx.help(answer, "an `#[on]` function names the type that it returns", help);
    } else if last_name(answer).is_some_and(|name| name == "Option" || name == "Vec" || name == "Self") {
        cx.help(answer, "an `#[on]` function of a reactor returns no value", help);
    }
}
