//! The arguments of the user's functions, each under the type of its parameter, where a mismatch is reported.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::spanned::Spanned;

use super::super::ast::Block;
use crate::event_parameter::Event;
use crate::signature;
use crate::spans;
use crate::text::text;

/// A local of the trait's method, whose tokens are under the function's name.
pub(super) fn argument(local: &str, ty: &Type, name: &Ident) -> TokenStream {
    let local = Ident::new(local, ty.span().resolved_at(name.span()));
    quote_spanned!(ty.span()=> #local)
}

/// `&*local`, from the first to the last token of the type.
pub(super) fn borrowed(local: &str, ty: &Type, name: &Ident) -> TokenStream {
    let (first, last) = spans::ends(ty);
    let local = Ident::new(local, last.resolved_at(name.span()));
    let and = quote_spanned!(first=> &);
    quote_spanned!(last=> #and *#local)
}

/// The event, as the function takes it.
pub(super) fn event(block: &Block<'_>, event: &Event<'_>, name: &Ident) -> TokenStream {
    let local = argument("event", event.parameter, name);
    if event.recorded {
        return local;
    }
    let kenning = block.krate.at(event.parameter.span());
    quote_spanned!(event.parameter.span()=> #kenning::Recorded::event(#local))
}

/// `<Answer as Trait>::what`, from the first to the last token of the type.
pub(super) fn through(ty: &Type, of: &TokenStream, what: &str) -> TokenStream {
    let (first, last) = spans::ends(ty);
    let what = Ident::new(what, last);
    let open = quote_spanned!(first=> <);
    quote_spanned!(last=> #open #ty as #of>::#what)
}

/// What the undone step has returned, as the function takes it: `Option<&str>` of a `String`, too.
pub(super) fn output(ty: &Type, name: &Ident) -> proc_macro2::TokenStream {
    let local = argument("output", ty, name);
    let inner = match signature::argument(ty, 0) {
        Some(Type::Reference(reference)) => &*reference.elem,
        _ => return local,
    };
    if !matches!(inner, Type::Slice(_) | Type::TraitObject(_)) && text(inner) != "str" {
        return local;
    }
    let borrowed = Ident::new("borrowed", ty.span().resolved_at(name.span()));
    quote_spanned! {ty.span()=>
        ::core::option::Option::map(#local, |#borrowed| -> &#inner { #borrowed })
    }
}
