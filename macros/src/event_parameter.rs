//! The event that a function of a `#[saga]` or `#[reactor]` block takes.

use syn::{PatType, Type};

use crate::ctxt::Ctxt;
use crate::declared;
use crate::impl_block::Function;
use crate::signature::{is_open, recorded};
use crate::text::text;

/// `&Recorded<OrderPlaced>`, or `&OrderPlaced`.
#[derive(Clone, Copy)]
pub(crate) struct Event<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) recorded: bool,
    /// The type of the parameter.
    pub(crate) parameter: &'a Type,
}

/// Reads the parameter. `what` is the function in words, `help` how it is written.
pub(crate) fn parse<'a>(
    cx: &Ctxt,
    function: &'a Function,
    parameter: Option<&'a PatType>,
    what: &str,
    help: &str,
) -> Option<Event<'a>> {
    let ident = &function.sig.ident;
    let Some(parameter) = parameter else {
        let what = what.split_once(' ').map_or(what, |(_, what)| what);
        cx.help(ident, format_args!("the {what} `{ident}` takes no event"), help);
        return None;
    };
    let ty = &*parameter.ty;
    let elem = match ty {
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                let help = format!("write `&{}`", text(&reference.elem));
                cx.help(ty, "an event has happened: it cannot be changed", help);
            }
            &*reference.elem
        }
        other => {
            cx.help(ty, format_args!("{what} borrows its event"), format_args!("write `&{}`", text(other)));
            other
        }
    };
    if is_open(elem) {
        cx.help(ty, format_args!("{what} is for one event"), "name the event's type");
        return None;
    }
    if matches!(elem, Type::Slice(_)) {
        cx.help(ty, format_args!("{what} is for one event at a time"), help);
        return None;
    }
    let event = recorded(elem);
    let one = event.unwrap_or(elem);
    if declared::is_set(one) {
        let message = format!("{what} is for one event, and `{}` is a set of events", text(one));
        cx.help(one, message, "name one event of the set, and write a function for each");
        return None;
    }
    Some(Event { ty: event.unwrap_or(elem), recorded: event.is_some(), parameter: ty })
}
