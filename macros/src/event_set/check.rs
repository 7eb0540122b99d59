//! The rules over a whole set of events. That its names differ is checked where they are known, in a constant of the expansion.

use std::collections::HashMap;

use super::ast::EventSet;
use crate::ctxt::Ctxt;
use crate::generics;
use crate::text::text;

pub(super) fn check(cx: &Ctxt, set: &EventSet<'_>) {
    let what = "a set of events";
    generics::refuse(cx, &set.original.generics, what, "name the events themselves in the variants");
    let mut seen = HashMap::new();
    for variant in &set.variants {
        let event = text(variant.event);
        if let Some(boxed) = variant.boxed {
            let help =
                format!("write `{}({event})`; box a large field inside of `{event}` instead", variant.ident);
            cx.help(boxed, "a variant holds its event directly", help);
        }
        if let Some(first) = seen.insert(event.clone(), variant.ident) {
            let message = format!("`{event}` is in this set twice, as `{first}` and as `{}`", variant.ident);
            cx.help(
                variant.event,
                message,
                "leave one of the two variants out, or give it an event of its own",
            );
        }
    }
}
