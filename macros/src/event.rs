//! `#[derive(Event)]`.

mod ast;
mod check;
mod expand;
mod portable;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Fields, Variant};

pub(crate) use self::check::check_evolution;
pub(crate) use self::portable::check as check_portable;

use crate::ctxt::Ctxt;
use crate::declared::{self, Lacking};
use crate::event_set;

pub(crate) fn derive(cx: Ctxt, input: &DeriveInput) -> TokenStream {
    if let Some(set) = set(&cx, input) {
        drop(cx.check());
        return set;
    }
    let event = ast::Event::parse(&cx, input);
    check::check(&cx, &event);
    match cx.check() {
        Ok(()) => expand::expand(&event),
        Err(error) => expand::inert(&event, &error),
    }
}

/// A set of events with the derive of an event: it is read as a set.
fn set(cx: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let Data::Enum(data) = &input.data else { return None };
    let holds =
        |variant: &Variant| matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
    if cx.is_sealed() || data.variants.is_empty() || !data.variants.iter().all(holds) {
        return None;
    }
    let ident = &input.ident;
    let derived = declared::derived(ident);
    let both = derived.as_ref().is_some_and(|derived| derived.contains(&Lacking::EventSet));
    let help = if both {
        "remove `Event` from its derives"
    } else {
        "write `#[derive(EventSet)]` in place of `#[derive(Event)]`"
    };
    let message = format!("`{ident}` is a set of events, and an event is a struct\nhelp: {help}");
    let error = syn::Error::new_spanned(ident, message);
    if both || derived.is_none() || !declared::tell(ident, Lacking::EventSet) {
        return Some(error.into_compile_error());
    }
    Some(event_set::derive(Ctxt::only(error), input))
}
